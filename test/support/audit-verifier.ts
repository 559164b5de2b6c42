import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Verdict {
  /** Exit status. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What scripts/audit-verify.mjs says of an export. */
export async function verifyExport(
  lines: readonly string[],
  jwks: unknown,
  keptSeals?: readonly string[],
): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-verify-'));
  const [file, keys, seals] = [
    join(folder, 'export.ndjson'),
    join(folder, 'keys.json'),
    join(folder, 'seals'),
  ];
  try {
    await writeFile(file, `${lines.join('\n')}\n`);
    await writeFile(keys, JSON.stringify(jwks));
    if (keptSeals !== undefined) await writeFile(seals, keptSeals.join('\n'));
    const args = ['scripts/audit-verify.mjs', file, '--keys', keys];
    return await run(keptSeals === undefined ? args : [...args, '--seals', seals]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function run(args: readonly string[]): Promise<Verdict> {
  return new Promise((resolve) => {
    execFile('node', args, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}
