import { randomBytes } from 'node:crypto';
import { dumpOf, leaksIn } from './support/leaks.js';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';

const secret = (): string => `secret-${randomBytes(24).toString('hex')}`;
const TENANTS = ['acme', 'globex'] as const;
const fromFile = { acme: secret(), globex: secret() };
const fromApi = { acme: secret(), globex: secret() };

let bff: TestBff;
let admin: Record<string, string>;
beforeAll(async () => {
  bff = await startBff({ tenants: TENANTS.map((id) => ({ id, token: fromFile[id] })) });
  const token = await bff.idp.token({ sub: 'operator', scope: 'tenants:admin', tenant_id: undefined });
  admin = { Authorization: `Bearer ${token}` };
  for (const id of TENANTS) {
    expect((await patchAs(id)).status).toBe(200);
    const put = await bff.send('PUT', `/api/v1/tenants/${id}/token`, { token: fromApi[id] }, admin);
    expect(put.status).toBe(201);
    expect((await patchAs(id)).status).toBe(200);
  }
});
afterAll(() => bff.stop());

const patchAs = async (tenant_id: string): Promise<TestAnswer> =>
  bff.patch({ name: 'A' }, { Authorization: `Bearer ${await bff.idp.token({ tenant_id })}` });

it('no table and no log line at level trace holds a token, in any encoding', async () => {
  const sent = bff.upstream.requests.map(({ headers }) => headers.authorization);
  const tokens = [...Object.values(fromFile), ...Object.values(fromApi)];
  for (const token of tokens) expect(sent).toContain(`Bearer ${token}`);
  const rows = await dumpOf(bff.database);
  expect(rows).toContain('tenant.token.added');
  expect(bff.logs()).toContain('"level"');
  expect(leaksIn(`${rows}\n${bff.logs()}`, tokens)).toEqual([]);
});

describe('a stored token that was tampered with', () => {
  const flip = (text: string): string => {
    const middle = Math.floor(text.length / 2);
    return text.slice(0, middle) + (text[middle] === 'A' ? 'B' : 'A') + text.slice(middle + 1);
  };
  const flipPart =
    (part: number) =>
    (jwe: string): string =>
      jwe
        .split('.')
        .map((text, index) => (index === part ? flip(text) : text))
        .join('.');
  const tamperings: [string, (acme: string, globex: string) => string][] = [
    ['in its header', flipPart(0)],
    ['in its initialisation vector', flipPart(2)],
    ['in its ciphertext', flipPart(3)],
    ['in its tag', flipPart(4)],
    ['by cutting it off', (jwe) => jwe.slice(0, -30)],
    ['by emptying it', () => ''],
    ['by putting its value there', () => 'value-in-clear'],
    ['by putting another tenant’s there', (_, globex) => globex],
  ];
  it.each(tamperings)('%s fails that tenant alone, and the log names it', async (_, tamper) => {
    const [acme, globex] = [await stored('acme'), await stored('globex')];
    const logged = bff.logs().length;
    const sent = bff.upstream.requests.length;
    await store(tamper(acme, globex));
    const refused = await patchAs('acme');
    expect(refused.status).toBe(502);
    expect(refused.body).toMatchObject({
      type: 'urn:billing-bff:problem:billing-credentials-rejected',
      outcome: 'not_applied',
    });
    expect(bff.upstream.requests).toHaveLength(sent);
    expect((await patchAs('globex')).status).toBe(200);
    const errors = bff
      .logs()
      .slice(logged)
      .split('\n')
      .filter((line) => line.includes('"level":"error"') || line.includes('"level":50'))
      .map((line) => JSON.parse(line) as object);
    expect(errors).toEqual([
      expect.objectContaining({ tenant_id: 'acme', version: 2, msg: expect.any(String) as unknown }),
    ]);
    expect(JSON.stringify(errors)).not.toContain('value-in-clear');
    await store(acme);
    expect((await patchAs('acme')).status).toBe(200);
  });

  const stored = async (tenant: string): Promise<string> => {
    const query = bff.database.kysely.selectFrom('tenant_token').select('token');
    const where = query.where('tenant_id', '=', tenant).where('version', '=', 2);
    return (await where.executeTakeFirstOrThrow()).token;
  };
  const store = async (token: string): Promise<void> => {
    const update = bff.database.kysely.updateTable('tenant_token').set({ token });
    await update.where('tenant_id', '=', 'acme').where('version', '=', 2).execute();
    await bff.forgetFailures();
  };
});
