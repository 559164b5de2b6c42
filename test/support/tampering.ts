import { generateKeyPairSync } from 'node:crypto';
import canonicalize from 'canonicalize';
import { CompactSign, exportJWK, importJWK, type JWK } from 'jose';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../../src/database/schema.js';
import { Frontier, leafHash } from '../../src/sealing/merkle.js';
import { hashOfSeal } from '../../src/sealing/seal.js';
import type { TestBff } from './start-bff.js';

const TABLES = [
  'audit_event',
  'audit_leaf',
  'audit_node',
  'audit_seal',
  'audit_log',
  'audit_key',
  'audit_pending',
];

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

export interface ForgedKey {
  readonly jwk: JWK;
  readonly header: { readonly alg: 'EdDSA'; readonly kid: string; readonly endorsement?: string };
}

/** A key of the forger's own; by default under a name of its own, too. */
export async function forgeKey(kid = 'forged', endorsement?: string): Promise<ForgedKey> {
  const jwk = await exportJWK(generateKeyPairSync('ed25519').privateKey);
  return { jwk, header: { alg: 'EdDSA', kid, ...(endorsement === undefined ? {} : { endorsement }) } };
}

export async function signWith({ jwk, header }: ForgedKey, payload: object): Promise<string> {
  const text = new TextEncoder().encode(canonicalize(payload) ?? '');
  return new CompactSign(text).setProtectedHeader(header).sign(await importJWK(jwk, 'EdDSA'));
}

/** Makes leaves, nodes and seals agree with the events again, as far as that goes without the signing key. */
export async function rewriteLog(owner: Kysely<Schema>, log: string, key: ForgedKey): Promise<void> {
  const leaves = await owner
    .selectFrom('audit_leaf')
    .innerJoin('audit_event', 'audit_event.id', 'event_id')
    .select(['leaf_index', 'event'])
    .where('log', '=', log)
    .orderBy('leaf_index')
    .execute();
  const seals = await owner
    .selectFrom('audit_seal')
    .selectAll()
    .where('log', '=', log)
    .orderBy('seal')
    .execute();
  const tree = Frontier.of(0, []);
  let previous: string | null = null;
  let last = '';
  for (const { seal, tree_size, sealed_at } of seals) {
    for (const { leaf_index, event } of leaves.slice(tree.size, tree_size)) {
      const leaf_hash = leafHash(event);
      const update = owner.updateTable('audit_leaf').set({ leaf_hash }).where('log', '=', log);
      await update.where('leaf_index', '=', leaf_index).execute();
      for (const { level, index, hash } of tree.append(leaf_hash)) {
        const nodes = owner.updateTable('audit_node').set({ hash }).where('log', '=', log);
        await nodes.where('level', '=', level).where('position', '=', index).execute();
      }
    }
    const { root } = tree;
    const state = { log, seal, tree_size, root, previous, sealed_at: sealed_at.toISOString() };
    last = await signWith(key, state);
    const update = owner.updateTable('audit_seal').set({ root, previous, jws: last }).where('log', '=', log);
    await update.where('seal', '=', seal).execute();
    previous = hashOfSeal(last);
  }
  const end = { frontier: tree.hashes, last_jws: last };
  await owner.updateTable('audit_log').set(end).where('log', '=', log).execute();
}
