import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { sql } from 'kysely';
import { exportTrail, keysOf, sealByHand, sealsOf, verify, type Verdict } from './support/audit-outside.js';
import { BffProcess, createSurroundings, killAll } from './support/bff-process.js';
import { startBff, type TestBff } from './support/start-bff.js';

const newKey = (kid?: string): JsonWebKey => ({
  ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
  ...(kid === undefined ? {} : { kid }),
});

/** Keeps the database while instances come and go. */
let first: TestBff;
let k1: JsonWebKey;
/** What an auditor kept when there was only K1. */
let kept: { keys: Record<string, string>[] };
beforeEach(async () => {
  k1 = newKey();
  first = await startBff({ seals: true, settings: settingsOf(k1) });
  await write(first);
  kept = await keysOf(first);
});
afterEach(() => first.stop());

function settingsOf(key: JsonWebKey): Record<string, string> {
  return { AUDIT_SIGNING_KEY: JSON.stringify(key) };
}

/** An instance with this key, as long as the work takes. */
async function withKey(
  key: JsonWebKey,
  work: (bff: TestBff) => Promise<void>,
  more: Record<string, string> = {},
): Promise<string> {
  const bff = await startBff({ seals: true, besides: first, settings: { ...settingsOf(key), ...more } });
  try {
    await work(bff);
    return bff.logs();
  } finally {
    await bff.stop();
  }
}

/** One patch, under a seal of this instance. */
async function write(bff: TestBff): Promise<void> {
  await (
    await sealByHand(bff)
  )();
  const seal = await sealByHand(bff);
  await bff.patch({ name: 'Acme AG' });
  await seal();
}

const onlyStart = (): Promise<void> => Promise.resolve();

async function verdict(keys: unknown = kept): Promise<Verdict> {
  return verify({ exported: await exportTrail(first), keys });
}

async function kidsOfSeals(): Promise<string[]> {
  return (await sealsOf(first)).map((jws) => {
    const [header = ''] = jws.split('.');
    return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid;
  });
}

it('seals of three keys are valid for whoever trusts the first', async () => {
  await withKey(newKey('K2'), write);
  await withKey(newKey('K3'), write);
  expect(await kidsOfSeals()).toEqual([kept.keys[0]?.['kid'], 'K2', 'K3']);
  expect(kept.keys).toHaveLength(1);
  expect(await verdict()).toMatchObject({ code: 0, err: '' });
});

it('also when the second never sealed anything', async () => {
  const log = await withKey(newKey('K2'), onlyStart);
  expect(log).toContain('a new signing key');
  await withKey(newKey('K3'), write);
  expect(await kidsOfSeals()).toEqual([kept.keys[0]?.['kid'], 'K3']);
  expect(await verdict()).toMatchObject({ code: 0, err: '' });
});

it('also when a key comes back, and a newer one follows', async () => {
  await withKey(newKey('K2'), write);
  await withKey(k1, write);
  await withKey(newKey('K3'), write);
  expect(await verdict()).toMatchObject({ code: 0, err: '' });
});

it('trust in a later key does not reach back', async () => {
  await withKey(newKey('K2'), write);
  const keys = (await keysOf(first)).keys.filter(({ kid }) => kid === 'K2');
  const { code, err } = await verdict({ keys });
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(/seal 1 is signed by the key \S+, which is not trusted/),
  ]);
});

it('without an endorsement, because the key before is lost, auditors need the new one', async () => {
  await sql`update audit_key set wrapped = 'lost'`.execute(first.database.kysely);
  const log = await withKey(newKey('K2'), write);
  expect(log).toContain('the new signing key could not be endorsed');
  expect(await kidsOfSeals()).toContain('K2');
  const { code, err } = await verdict();
  expect([code, err]).toEqual([1, expect.stringContaining('signed by the key K2, which is not trusted')]);
  expect(await verdict(await keysOf(first))).toMatchObject({ code: 0 });
});

it('a kid that another key has stops the start, and says why', async () => {
  await withKey(newKey('K2'), onlyStart);
  const around = await createSurroundings(first.upstream, first.idp);
  const other = settingsOf(newKey('K2'));
  const refused = BffProcess.spawn({ ...around.settings, ...first.databaseSettings, ...other });
  try {
    expect(await refused.ended).toBe(1);
    expect(refused.output).toContain('AUDIT_SIGNING_KEY has the kid of another key: K2');
    expect(refused.url).toBeUndefined();
  } finally {
    await killAll();
    await around.remove();
  }
});

it('no private key is in the database, in any encoding', async () => {
  const keys = [k1, newKey('K2'), newKey('K3')];
  for (const key of keys.slice(1)) await withKey(key, write);
  const { rows } = await sql<{ text: string }>`
    select query_to_xml('select * from ' || quote_ident(table_name), true, false, '')::text as text
    from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`.execute(
    first.database.kysely,
  );
  const dump = rows.map(({ text }) => text).join('\n');
  for (const { x, d } of keys) {
    const secret = Buffer.from(d ?? '', 'base64url');
    expect(dump).toContain(x);
    const forms = [d ?? '', secret.toString('base64'), secret.toString('hex')];
    expect(forms.filter((form) => dump.toLowerCase().includes(form.toLowerCase()))).toEqual([]);
  }
});
