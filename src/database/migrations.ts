import { type Kysely, type Migration, sql } from 'kysely';

/** In the order of their names; a released one never changes. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001_audit_event': { up: createAuditEvent },
  '0002_tenants': { up: createTenants },
  '0003_operations': { up: createOperations },
};

async function createAuditEvent(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit_event')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('operation_id', 'uuid')
    .addColumn('tenant_id', 'text')
    .addColumn('occurred_at', 'timestamptz', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('phase', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('actor_sub', 'text', (column) => column.notNull())
    .addColumn('actor_client_id', 'text')
    .addColumn('customer_ref', 'text')
    .addColumn('customer_id', 'text')
    .addColumn('fields', sql`text[]`, (column) => column.notNull())
    .addColumn('status', 'integer')
    .addColumn('credential_version', 'integer')
    .addColumn('event', 'text', (column) => column.notNull())
    .execute();
  await sql`create index audit_event_trail on audit_event (tenant_id, id)`.execute(db);
  await sql`create index audit_event_customer on audit_event (tenant_id, customer_id, id)`.execute(db);
  await sql`create index audit_event_actor on audit_event (tenant_id, actor_sub, id)`.execute(db);
  await sql`create index audit_event_credential on audit_event (tenant_id, credential_version, id)`.execute(
    db,
  );
  await sql`create index audit_event_operation on audit_event (operation_id)`.execute(db);
  await sql`
    create function audit_event_is_append_only() returns trigger language plpgsql as $$
    begin
      raise exception 'audit_event is append-only' using errcode = 'insufficient_privilege';
    end $$`.execute(db);
  await sql`
    create trigger audit_event_no_change before update or delete on audit_event
    for each row execute function audit_event_is_append_only()`.execute(db);
  await sql`
    create trigger audit_event_no_truncate before truncate on audit_event
    for each statement execute function audit_event_is_append_only()`.execute(db);
}

async function createTenants(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('app_key')
    .addColumn('purpose', 'text', (column) => column.primaryKey())
    .addColumn('wrapped', 'text', (column) => column.notNull())
    .addColumn('kid', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('tenant')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('billing_api_url', 'text')
    .addColumn('invoicing_entities', sql`text[]`)
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('file_entry', 'text')
    .execute();
  await db.schema
    .createTable('tenant_token')
    .addColumn('tenant_id', 'text', (column) => column.notNull().references('tenant.id'))
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('token', 'text', (column) => column.notNull())
    .addColumn('kid', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull())
    .addColumn('last_used_at', 'timestamptz')
    .addColumn('retired_at', 'timestamptz')
    .addColumn('rejected_at', 'timestamptz')
    .addColumn('probed_at', 'timestamptz')
    .addPrimaryKeyConstraint('tenant_token_pkey', ['tenant_id', 'version'])
    .execute();
  await sql`create index tenant_token_kid on tenant_token (kid)`.execute(db);
}

async function createOperations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('customer_key')
    .addColumn('tenant_id', 'text', (column) => column.notNull())
    .addColumn('customer_id', 'text', (column) => column.notNull())
    .addColumn('wrapped', 'text', (column) => column.notNull())
    .addColumn('kid', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull())
    .addPrimaryKeyConstraint('customer_key_pkey', ['tenant_id', 'customer_id'])
    .execute();
  await sql`create index customer_key_kid on customer_key (kid)`.execute(db);
  await db.schema
    .createTable('operation')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('tenant_id', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('due_at', 'timestamptz', (column) => column.notNull())
    .addColumn('doubted_at', 'timestamptz')
    .addColumn('customer_id', 'text')
    .addColumn('own_key', 'text')
    .addColumn('sealed', 'text', (column) => column.notNull())
    .execute();
  await sql`create index operation_due on operation (due_at)`.execute(db);
  await db.schema
    .createTable('idempotency_key')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('tenant_id', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('operation_id', 'uuid', (column) => column.notNull())
    .addColumn('held_until', 'timestamptz', (column) => column.notNull())
    .addColumn('customer_id', 'text')
    .addColumn('own_key', 'text')
    .addColumn('sealed', 'text')
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .execute();
  await sql`create index idempotency_key_operation on idempotency_key (operation_id)`.execute(db);
  await sql`create index idempotency_key_expires on idempotency_key (expires_at)`.execute(db);
  await db.schema
    .createTable('customer_lease')
    .addColumn('tenant_id', 'text', (column) => column.notNull())
    .addColumn('customer_id', 'text', (column) => column.notNull())
    .addColumn('holder', 'uuid', (column) => column.notNull())
    .addColumn('held_until', 'timestamptz', (column) => column.notNull())
    .addPrimaryKeyConstraint('customer_lease_pkey', ['tenant_id', 'customer_id'])
    .execute();
}
