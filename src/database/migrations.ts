import { type Kysely, type Migration, sql } from 'kysely';
import { createAuditEvent } from './audit-event-table.js';
import { createMonths } from './audit-months.js';

/** In the order of their names. A released migration never changes. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001_audit_event': { up: createAuditEvent },
  '0002_tenants': { up: createTenants },
  '0003_operations': { up: createOperations },
  '0004_audit_log': { up: createAuditLog },
  '0005_audit_months': { up: createMonths },
};

async function createAuditLog(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table audit_pending (
      event_id uuid not null,
      log text not null
    )`.execute(db);
  // Equal values once: a row is there for a second, and is found again by its place.
  await sql`create index audit_pending_log on audit_pending (log)`.execute(db);
  await sql`
    create table audit_log (
      log text primary key,
      size bigint not null default 0,
      root bytea not null default sha256(''),
      checkpoint_size bigint not null default 0,
      checkpoint text,
      checkpoint_at timestamptz
    )`.execute(db);
  await sql`create index audit_log_unsigned on audit_log (log) where size > checkpoint_size`.execute(db);
  // Level 0 has the ids of the leaves' events, too: their leaf is found by them, without a row for each leaf.
  await sql`
    create table audit_tile (
      log text not null,
      level smallint not null,
      n bigint not null,
      hashes bytea not null,
      ids uuid[],
      first_id uuid,
      last_id uuid,
      primary key (log, level, n)
    )`.execute(db);
  // Hashes and random ids can't be compressed.
  await sql`
    alter table audit_tile alter column hashes set storage external, alter column ids set storage external`.execute(
    db,
  );
  await sql`
    create index audit_tile_ids on audit_tile (log, last_id, first_id) where level = 0`.execute(db);
  await sql`
    create table audit_cosignature (
      log text not null,
      witness text not null,
      size bigint not null default 0,
      checkpoint text,
      cosignatures text,
      cosigned_at timestamptz,
      tried_at timestamptz not null,
      primary key (log, witness)
    )`.execute(db);
  await sql`
    create table audit_set_aside (
      event_id uuid not null,
      log text not null,
      reason text not null,
      set_aside_at timestamptz not null default now(),
      primary key (log, event_id)
    )`.execute(db);
  await sql`
    create table audit_log_key (
      public_key text primary key,
      number integer generated always as identity,
      kid text not null,
      mac text not null,
      added_at timestamptz not null default now(),
      ended_at timestamptz
    )`.execute(db);
  await sql`
    create table audit_log_key_end (
      log text not null,
      public_key text not null references audit_log_key,
      size bigint not null,
      primary key (log, public_key)
    )`.execute(db);
  await sql`
    create table lease (
      name text primary key,
      holder uuid not null,
      held_until timestamptz not null
    )`.execute(db);
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
    .addColumn('earlier_file_entries', sql`text[]`, (column) => column.notNull().defaultTo(sql`'{}'`))
    .addColumn('file', 'text')
    .execute();
  await db.schema
    .createTable('tenants_file_reader')
    .addColumn('instance', 'uuid', (column) => column.primaryKey())
    .addColumn('file', 'text', (column) => column.notNull())
    .addColumn('seen_at', 'timestamptz', (column) => column.notNull())
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
    .createTable('customer_alias')
    .addColumn('tenant_id', 'text', (column) => column.notNull())
    .addColumn('alias', 'text', (column) => column.notNull())
    .addColumn('customer_id', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('customer_alias_pkey', ['tenant_id', 'alias', 'customer_id'])
    .execute();
  await db.schema
    .createTable('operation')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('tenant_id', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('due_at', 'timestamptz', (column) => column.notNull())
    .addColumn('unknown_since', 'timestamptz')
    .addColumn('awaited', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('own_key', 'text')
    .addColumn('own_kid', 'text')
    .addColumn('encrypted', 'bytea')
    .execute();
  // No index by due_at: the table has only the patches under way, and an index would collect the dead entries of all others.
  // A trigger, because it costs nothing while nobody waits. A notification makes commits wait for each other.
  await sql`
    create function operation_notify_end() returns trigger language plpgsql as $$
    begin
      perform pg_notify('operation_ended', old.id::text);
      return null;
    end $$`.execute(db);
  await sql`
    create trigger operation_ended after delete on operation
    for each row when (old.awaited) execute function operation_notify_end()`.execute(db);
  await sql`create index operation_own_kid on operation (own_kid) where own_kid is not null`.execute(db);
  await db.schema
    .createTable('idempotency_key')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('tenant_id', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('operation_id', 'uuid', (column) => column.notNull())
    .addColumn('held_until', 'timestamptz', (column) => column.notNull())
    .addColumn('customer_id', 'text')
    .addColumn('own_key', 'text')
    .addColumn('own_kid', 'text')
    .addColumn('encrypted', 'bytea')
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .execute();
  await sql`create index idempotency_key_operation on idempotency_key (operation_id)`.execute(db);
  await sql`
    create index idempotency_key_own_kid on idempotency_key (own_kid) where own_kid is not null`.execute(db);
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
