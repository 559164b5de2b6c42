import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { KeyRing } from '../src/crypto/key-ring.js';
import { ENCRYPTION_KEY, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

const NEW_KEY = `new:${Buffer.alloc(32, 9).toString('base64url')}`;
/** The queries by which docs/operating-tenants.md has operators see that all is encrypted anew. */
const CONFIRMED_BY = [
  ...readFileSync('docs/operating-tenants.md', 'utf8').matchAll(/ (?:-Atc|-c) '(select [^']+)'/g),
].map(([, query = '']) => query);
const TENANTS = ['acme', 'globex', 'hooli'].map((id) => ({ id, token: `secret-token-of-${id}` }));

describe('the encryption key', () => {
  let first: TestBff;
  const started: TestBff[] = [];
  beforeEach(async () => {
    first = await startBff({ tenants: TENANTS });
  });
  afterEach(async () => {
    for (const bff of started.splice(0)) await bff.stop();
    await first.stop();
  });

  const restart = async (keys: string): Promise<TestBff> => {
    const bff = await startBff({ besides: first, tenants: TENANTS, settings: { ENCRYPTION_KEYS: keys } });
    started.push(bff);
    return bff;
  };
  const patchAs = async (bff: TestBff, tenant_id: string): Promise<TestAnswer> =>
    bff.patch({ name: 'A' }, { Authorization: `Bearer ${await first.idp.token({ tenant_id })}` });
  const ownKeys = async (): Promise<{ kid: string; jwe: string }[]> => {
    const { rows } = await sql<{ kid: string; jwe: string }>`
      select own_kid as kid, own_key as jwe from operation where own_key is not null
      union all select own_kid, own_key from idempotency_key where own_key is not null`.execute(
      first.database.kysely,
    );
    return rows;
  };
  const kids = async (): Promise<string[]> => {
    const { kysely } = first.database;
    const tokens = await kysely.selectFrom('tenant_token').select(['kid', 'token as jwe']).execute();
    const appKeys = await kysely.selectFrom('app_key').select(['kid', 'wrapped as jwe']).execute();
    const customers = await kysely.selectFrom('customer_key').select(['kid', 'wrapped as jwe']).execute();
    const said = [...(await ownKeys()), ...tokens, ...appKeys, ...customers].flatMap(({ kid, jwe }) => {
      const header = JSON.parse(Buffer.from(jwe.split('.')[0] ?? '', 'base64url').toString()) as {
        kid: string;
      };
      return [kid, header.kid];
    });
    return [...new Set(said)].sort();
  };
  /** Ten seconds at most: it goes on behind the start. */
  const allEncryptedWith = async (kid: string): Promise<string[]> => {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const found = await kids();
      if (found.join() === kid || Date.now() > deadline) return found;
    }
  };
  const startError = async (keys: string): Promise<string> =>
    restart(keys).then(
      () => 'it started',
      (error: unknown) => String(error),
    );

  it('is rotated by naming the new one first: everything is encrypted anew, and then it works alone', async () => {
    await first.send('DELETE', '/api/v1/tenants/hooli/tokens/1', undefined, {
      Authorization: `Bearer ${await first.idp.token({ scope: 'tenants:admin' })}`,
    });
    const once = { 'Idempotency-Key': 'once' };
    expect((await first.patch({ name: 'Kept' }, once)).status).toBe(200);
    // Before the customer's id is known, a value has a key of its own.
    const { answer } = first.upstream;
    first.upstream.readAs(CUSTOMER, (_, response) => {
      answerJson(response, 409, { code: 'CONFLICT', message: 'The alias is taken' });
    });
    const refusedOnce = { 'Idempotency-Key': 'refused-once' };
    expect(await first.patch({ alias: 'taken' }, refusedOnce)).toMatchObject({ status: 409 });
    first.upstream.answer = (_, response) => response.destroy();
    expect((await first.send('PATCH', '/api/v1/customers/by-alias', { name: 'Unknown' })).status).toBe(502);
    expect(await ownKeys()).toHaveLength(2);
    first.upstream.answer = answer;
    expect(await kids()).toEqual(['test']);
    const both = await restart(`${NEW_KEY},${ENCRYPTION_KEY}`);
    expect((await patchAs(both, 'acme')).status).toBe(200);
    expect(await allEncryptedWith('new')).toEqual(['new']);
    const found = await Promise.all(
      CONFIRMED_BY.map((query) => sql.raw<Record<string, string>>(query).execute(first.database.kysely)),
    );
    expect(found.map(({ rows }) => [...new Set(rows.map((row) => row['kid'] ?? row['own_kid']))])).toEqual(
      Array(4).fill(['new']),
    );
    const alone = await restart(NEW_KEY);
    for (const id of ['acme', 'globex']) {
      expect((await patchAs(alone, id)).status).toBe(200);
      expect(first.upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer secret-token-of-${id}`);
    }
    // What a customer's key opens still opens.
    const replay = await alone.patch({ name: 'Kept' }, once);
    expect(replay).toMatchObject({ status: 200, body: { name: 'Kept' } });
    expect(replay.headers.get('idempotency-replayed')).toBe('true');
    const refused = await alone.patch({ alias: 'taken' }, refusedOnce);
    expect(refused).toMatchObject({ status: 409, body: { type: 'urn:billing-bff:problem:conflict' } });
    expect(refused.headers.get('idempotency-replayed')).toBe('true');
    expect(alone.logs()).not.toContain('ENCRYPTION_KEYS');
    // The fingerprints still compare: nothing is taken from the unchanged file again.
    const versions = await first.database.kysely.selectFrom('tenant_token').select('version').execute();
    expect(versions).toEqual(TENANTS.map(() => ({ version: 1 })));
  });

  it('that is gone is said at start, once for each tenant that needs it, and stops no other', async () => {
    const gone = new KeyRing([{ kid: 'gone', key: Buffer.alloc(32, 3) }]);
    for (const id of ['globex', 'hooli']) {
      const { jwe, kid } = await gone.encrypt(Buffer.from('x'), `token ${id} 1`);
      const update = first.database.kysely.updateTable('tenant_token').set({ token: jwe, kid });
      await update.where('tenant_id', '=', id).execute();
    }
    const bff = await restart(ENCRYPTION_KEY);
    const said = bff
      .logs()
      .split('\n')
      .filter((line) => line.includes('ENCRYPTION_KEYS'))
      .map((line) => JSON.parse(line) as object);
    expect(said).toMatchObject([
      { tenant_id: 'globex', version: 1, kid: 'gone' },
      { tenant_id: 'hooli', version: 1, kid: 'gone' },
    ]);
    expect((await patchAs(bff, 'acme')).status).toBe(200);
    expect((await patchAs(bff, 'globex')).status).toBe(502);
    expect(await kids()).toEqual(['gone', 'test']);
  });

  const KEY = Buffer.alloc(32, 5).toString('base64url');
  it.each([
    ['other bytes under the same name', `test:${KEY}`, /app-key|tampered|not the one/],
    ['another key alone', `other:${KEY}`, /ENCRYPTION_KEYS has no key test/],
    [
      'a short key',
      `test:${Buffer.alloc(31).toString('base64url')}`,
      /ENCRYPTION_KEYS must be kid:key pairs/,
    ],
    ['a key without a name', KEY, /ENCRYPTION_KEYS must be kid:key pairs/],
    ['one name twice', `${ENCRYPTION_KEY},test:${KEY}`, /ENCRYPTION_KEYS has one kid twice/],
  ])('of %s stops the start with a message that says so and holds no key', async (_, keys, message) => {
    const error = await startError(keys);
    expect(error).toMatch(message);
    for (const key of keys.split(/[,:]/).filter((part) => part.length > 20)) expect(error).not.toContain(key);
    expect(await kids()).toEqual(['test']);
    expect((await patchAs(first, 'acme')).status).toBe(200);
  });
});
