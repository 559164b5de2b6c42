import { type Kysely, type Migration, sql } from 'kysely';

/** In the order of their names; a released one never changes. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001_audit_event': { up: createAuditEvent },
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
    .addColumn('event', 'text', (column) => column.notNull())
    .execute();
  await sql`create index audit_event_trail on audit_event (tenant_id, id)`.execute(db);
  await sql`create index audit_event_customer on audit_event (tenant_id, customer_id, id)`.execute(db);
  await sql`create index audit_event_actor on audit_event (tenant_id, actor_sub, id)`.execute(db);
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
