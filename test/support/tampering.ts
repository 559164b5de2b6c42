import { type Kysely, sql } from 'kysely';
import type { Schema } from '../../src/database/schema.js';
import type { TestBff } from './start-bff.js';

const TABLES = ['audit_record', 'audit_tile', 'audit_log', 'audit_pending', 'audit_set_aside'];

/** Runs statements as somebody does who owns the database: no trigger is in the way. */
export function asOwner(
  { database }: TestBff,
  work: (owner: Kysely<Schema>) => Promise<unknown>,
): Promise<void> {
  return database.kysely.transaction().execute(async (transaction) => {
    await sql`set local session_replication_role = replica`.execute(transaction);
    await work(transaction);
  });
}

export function runAsOwner(bff: TestBff, ...statements: string[]): Promise<void> {
  return asOwner(bff, async (owner) => {
    for (const statement of statements) await sql.raw(statement).execute(owner);
  });
}

/** Copies every table of the trail. */
export function backUp(bff: TestBff, name: string): Promise<void> {
  return runAsOwner(bff, ...TABLES.map((table) => `create table ${name}_${table} as table ${table}`));
}

/** Brings every table of the trail back to what it was. */
export function restore(bff: TestBff, name: string): Promise<void> {
  const back = (table: string): string[] => [
    `delete from ${table}`,
    `insert into ${table} select * from ${name}_${table}`,
  ];
  return runAsOwner(bff, ...TABLES.flatMap(back));
}
