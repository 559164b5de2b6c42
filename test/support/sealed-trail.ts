import { createHash, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { JWTPayload } from 'jose';
import type { TestAnswer, TestBff } from './start-bff.js';

export const NDJSON = 'application/x-ndjson';

export interface Seal {
  readonly log: string;
  readonly seal: number;
  readonly tree_size: number;
  readonly root: string;
  readonly previous: string | null;
  readonly sealed_at: string;
  readonly jws: string;
}

export interface SealPage {
  readonly data: Seal[];
  readonly next_cursor: string | null;
}

export interface Proof {
  readonly event_id: string;
  readonly log: string;
  readonly leaf_index: number;
  readonly leaf_hash: string;
  readonly tree_size: number;
  readonly path: readonly string[];
  readonly seal: number;
  readonly jws: string;
}

/** Reads the trail and what proves it, as whoever the claims say. */
export async function read(
  bff: TestBff,
  path: string,
  claims: JWTPayload = {},
  headers: Record<string, string> = {},
): Promise<TestAnswer> {
  const token = await bff.idp.token({ scope: 'audit:read', ...claims });
  return bff.send('GET', `/api/v1/${path}`, undefined, { Authorization: `Bearer ${token}`, ...headers });
}

/** The lines of an NDJSON export. */
export async function exportLines(bff: TestBff, claims: JWTPayload = {}, query = ''): Promise<string[]> {
  const { body } = await read(bff, `audit-events${query}`, claims, { Accept: NDJSON });
  // One line alone is read as the JSON that it is.
  return typeof body === 'string' ? body.trimEnd().split('\n') : [JSON.stringify(body)];
}

export async function publicKeys(bff: TestBff): Promise<unknown> {
  return (await bff.send('GET', '/api/v1/audit-keys', undefined, { Authorization: '' })).body;
}

/** Waits until no event waits for its seal; twenty seconds at most. */
export async function allSealed(bff: TestBff): Promise<void> {
  await until(async () => {
    const waiting = await bff.database.kysely.selectFrom('audit_pending').select('log').limit(1).execute();
    return waiting.length === 0;
  }, 'everything was sealed');
}

/** Does something for which it matters that no seal comes in between: another instance holds the lease. */
export async function whileNobodySeals<T>(bff: TestBff, act: () => Promise<T>): Promise<T> {
  const held = (holder: string, until: Date): Promise<unknown> =>
    bff.database.kysely
      .updateTable('lease')
      .set({ holder, held_until: until })
      .where('name', '=', 'sealer')
      .execute();
  await held(randomUUID(), new Date(Date.now() + 60_000));
  try {
    return await act();
  } finally {
    await held(randomUUID(), new Date(0));
  }
}

/** Twenty seconds at most. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await setTimeout(10);
  }
}

// What follows is written after RFC 9162 and shares nothing with the service.

export const sha256 = (...parts: readonly (string | Buffer)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Section 2.1.1. */
export const leafHashOf = (text: string): string => sha256(Buffer.of(0), text);

const nodeHashOf = (left: string, right: string): string =>
  sha256(Buffer.of(1), Buffer.from(left, 'hex'), Buffer.from(right, 'hex'));

/** Section 2.1.3.2: the root that a proof of inclusion leads to; undefined when the path does not fit. */
export function rootOfInclusion(proof: Omit<Proof, 'event_id' | 'log' | 'seal' | 'jws'>): string | undefined {
  let [fn, sn, root] = [proof.leaf_index, proof.tree_size - 1, proof.leaf_hash];
  if (fn > sn) return undefined;
  for (const hash of proof.path) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHashOf(hash, root);
      while (fn % 2 === 0 && fn > 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else root = nodeHashOf(root, hash);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? root : undefined;
}

/** Section 2.1.4.2: the roots that a proof of consistency leads to; undefined when the path does not fit. */
export function rootsOfConsistency(
  {
    first,
    second,
    path,
  }: { readonly first: number; readonly second: number; readonly path: readonly string[] },
  firstRoot: string,
): readonly [first: string, second: string] | undefined {
  if (first === second) return path.length === 0 ? [firstRoot, firstRoot] : undefined;
  const isPower = (first & (first - 1)) === 0;
  const [head, ...rest] = isPower ? [firstRoot, ...path] : path;
  if (head === undefined) return undefined;
  let [fn, sn] = [first - 1, second - 1];
  while (fn % 2 === 1) [fn, sn] = [fn >> 1, sn >> 1];
  let [fr, sr] = [head, head];
  for (const hash of rest) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHashOf(hash, fr), nodeHashOf(hash, sr)];
      while (fn % 2 === 0 && fn > 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else sr = nodeHashOf(sr, hash);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? [fr, sr] : undefined;
}
