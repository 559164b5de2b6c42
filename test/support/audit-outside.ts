import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sealer } from '../../src/sealing/sealer.js';
import type { TestBff } from './start-bff.js';

/** What an auditor has: an export, keys and seals that were kept outside. */
export interface Outside {
  readonly exported: string;
  readonly keys: unknown;
  readonly seals?: readonly string[];
}

export interface Verdict {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the verifier as an auditor does. */
export async function verify({ exported, keys, seals }: Outside): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-outside-'));
  const path = (name: string): string => join(folder, name);
  try {
    await writeFile(path('export.ndjson'), exported);
    await writeFile(path('keys.json'), JSON.stringify(keys));
    const args = ['scripts/audit-verify.mjs', path('export.ndjson'), '--keys', path('keys.json')];
    if (seals !== undefined) {
      await writeFile(path('seals'), seals.join('\n'));
      args.push('--seals', path('seals'));
    }
    return await new Promise((resolve) => {
      execFile(process.execPath, args, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The whole trail of a tenant. */
export async function exportTrail(bff: TestBff, claims: Record<string, string> = {}): Promise<string> {
  const Accept = 'application/x-ndjson';
  const Authorization = `Bearer ${await bff.idp.token(claims)}`;
  return String((await bff.send('GET', '/api/v1/audit-events', undefined, { Authorization, Accept })).body);
}

export async function keysOf(bff: TestBff): Promise<{ keys: Record<string, string>[] }> {
  const { body } = await bff.send('GET', '/api/v1/audit-keys', undefined, { Authorization: '' });
  return body as { keys: Record<string, string>[] };
}

/** The `jws` of every seal, over as many pages as they take. */
export async function sealsOf(bff: TestBff): Promise<string[]> {
  const all: string[] = [];
  for (let cursor = ''; ;) {
    const { body } = await bff.send('GET', `/api/v1/audit-seals?limit=200${cursor}`);
    const { data, next_cursor: next } = body as { data: { jws: string }[]; next_cursor: string | null };
    all.push(...data.map(({ jws }) => jws));
    if (next === null) return all;
    cursor = `&cursor=${next}`;
  }
}

/** Takes sealing into a test's own hands: what it answers seals all there is. */
export async function sealByHand({ app, database }: TestBff): Promise<() => Promise<void>> {
  const sealer = app.get(Sealer);
  await sealer['poller'].idle;
  sealer['poller']['cancel']();
  return async () => {
    // Whichever instance did it last.
    await database.kysely.deleteFrom('lease').where('name', '=', 'sealer').execute();
    await sealer['poll']();
  };
}
