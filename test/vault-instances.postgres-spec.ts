import { sql } from 'kysely';
import { Database } from '../src/database/database.js';
import { CUSTOMER_PATH, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

/** Seconds of constant load; VAULT_LOAD_S lengthens it. */
const LOAD_S = Number(process.env['VAULT_LOAD_S'] ?? 6);

describe('two instances on one PostgreSQL', () => {
  let one: TestBff;
  let two: TestBff;
  let admin: Record<string, string>;
  /** What the billing API accepts. */
  let valid: Set<string>;

  beforeEach(async () => {
    one = await startBff({ tenants: [{ id: 'acme', token: 'token-1' }] });
    two = await startBff({ tenants: [{ id: 'acme', token: 'token-1' }], besides: one });
    const token = await one.idp.token({ sub: 'operator', scope: 'tenants:admin', tenant_id: undefined });
    admin = { Authorization: `Bearer ${token}` };
    valid = new Set(['token-1']);
    one.upstream.answer = (request, response) => {
      const sent = String(request.headers.authorization).replace('Bearer ', '');
      if (valid.has(sent)) answerJson(response, 200, CUSTOMER);
      else answerJson(response, 401, { code: 'UNAUTHORIZED', message: 'no' });
    };
  });
  afterEach(async () => {
    await two.stop();
    await one.stop();
  });

  const putToken = (bff: TestBff, token: string): Promise<TestAnswer> =>
    bff.send('PUT', '/api/v1/tenants/acme/token', { token }, admin);
  const tokensUsed = (): string[] =>
    one.upstream.requests.map(({ headers }) => String(headers.authorization).replace('Bearer ', ''));

  /** Patches until `done` says so, ten seconds at most; the answer is the last one. */
  async function patchUntil(bff: TestBff, done: (answer: TestAnswer) => boolean): Promise<TestAnswer> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const answer = await bff.patch({ name: 'A' });
      if (done(answer) || Date.now() > deadline) return answer;
    }
  }

  it('both use a token within a second of its being put through one', async () => {
    await Promise.all([one.patch({ name: 'A' }), two.patch({ name: 'A' })]);
    valid.add('token-2');
    expect((await putToken(one, 'token-2')).status).toBe(201);
    const put = Date.now();
    for (const bff of [one, two]) await patchUntil(bff, () => tokensUsed().at(-1) === 'token-2');
    expect(tokensUsed().slice(-1)).toEqual(['token-2']);
    expect(Date.now() - put).toBeLessThan(1_000);
  });

  it('no patch fails while a token is rotated and the old one revoked', async () => {
    const started = Date.now();
    const statuses = new Map<number, number>();
    const token = await one.idp.token({}, { expiresIn: 600 });
    const worker = async (bff: TestBff): Promise<void> => {
      while (Date.now() - started < LOAD_S * 1000) {
        const { status } = await bff.send(
          'PATCH',
          CUSTOMER_PATH,
          { name: 'A' },
          { Authorization: `Bearer ${token}` },
        );
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const rotation = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      valid.add('token-2');
      await putToken(two, 'token-2');
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      valid.delete('token-1');
    };
    await Promise.all([rotation(), ...[one, two, one, two, one, two, one, two].map(worker)]);
    expect([...statuses.keys()]).toEqual([200]);
    expect(tokensUsed().at(-1)).toBe('token-2');
  });

  it('a token revoked without successor is 502, marked once, and heals when another instance gets a new one', async () => {
    await two.patch({ name: 'A' });
    valid.clear();
    const refused = await one.patch({ name: 'A' });
    expect(refused.status).toBe(502);
    expect(refused.body).toMatchObject({
      outcome: 'not_applied',
      type: 'urn:billing-bff:problem:billing-credentials-rejected',
    });
    expect((await patchUntil(two, ({ status }) => status === 502)).status).toBe(502);
    const before = one.upstream.requests.length;
    for (let patch = 0; patch < 5; patch += 1) expect((await one.patch({ name: 'A' })).status).toBe(502);
    expect(one.upstream.requests.length).toBe(before);

    valid.add('token-2');
    await putToken(two, 'token-2');
    expect((await patchUntil(one, ({ status }) => status === 200)).status).toBe(200);
    expect((await patchUntil(two, ({ status }) => status === 200)).status).toBe(200);
    const rejected = await one.database.kysely
      .selectFrom('audit_event')
      .select('credential_version')
      .where('action', '=', 'tenant.token.rejected')
      .execute();
    expect(rejected).toEqual([{ credential_version: 1 }]);
  });

  it('hears of changes again after the connection that listens was killed', async () => {
    await two.patch({ name: 'A' });
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'billing-bff listener' and datname = current_database()`.execute(
      two.app.get(Database).kysely,
    );
    valid.add('token-2');
    await putToken(one, 'token-2');
    await patchUntil(two, () => tokensUsed().at(-1) === 'token-2');
    expect(tokensUsed().at(-1)).toBe('token-2');
  });

  it('an instance that restarts with an old tenants’ file brings no retired token back', async () => {
    valid.add('token-2');
    await putToken(one, 'token-2');
    await one.send('DELETE', '/api/v1/tenants/acme/tokens/1', undefined, admin);
    const third = await startBff({
      tenants: [{ id: 'acme', name: 'Old name', token: 'token-1' }],
      besides: one,
    });
    const versions = await third.send('GET', '/api/v1/tenants/acme/tokens', undefined, admin);
    expect(versions.body).toMatchObject({ data: [{ version: 2, retired_at: null }, { version: 1 }] });
    expect((versions.body as { data: unknown[] }).data).toHaveLength(2);
    await third.patch({ name: 'A' });
    expect(tokensUsed().at(-1)).toBe('token-2');
    await third.stop();
  });
});
