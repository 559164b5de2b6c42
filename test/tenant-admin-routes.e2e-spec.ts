import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { faultsOf } from './support/test-answer.js';
import { TestUpstream } from './support/upstream.js';

const TENANTS = '/api/v1/tenants';
const MAX_ID = 'x'.repeat(64);

let bff: TestBff;
let admin: Record<string, string>;
/** The billing API of tenants that name none, and another one that is allowed. */
let home: TestUpstream;
let away: TestUpstream;

beforeAll(async () => {
  [home, away] = await Promise.all([TestUpstream.start(), TestUpstream.start()]);
  bff = await startBff({
    settings: { BILLING_API_URL: home.url, BILLING_API_ALLOWED_ORIGINS: `${home.url}, ${away.url}` },
  });
  admin = await bearer({ sub: 'operator', client_id: 'ops', scope: 'tenants:admin', tenant_id: undefined });
});
afterAll(() => Promise.all([bff.stop(), home.stop(), away.stop()]));

const bearer = async (claims: object): Promise<Record<string, string>> => ({
  Authorization: `Bearer ${await bff.idp.token({ ...claims })}`,
});
const act = (method: string, path: string, body?: unknown): Promise<TestAnswer> =>
  bff.send(method, `${TENANTS}${path}`, body, admin);
const patchAs = async (tenant: string): Promise<TestAnswer> =>
  bff.patch({ name: 'A' }, await bearer({ tenant_id: tenant }));
const secret = (): string => `secret-${randomBytes(12).toString('hex')}`;
let created = 0;
const newTenant = async (settings: object = {}): Promise<string> => {
  const id = `tenant-${(created += 1)}`;
  expect((await act('PUT', `/${id}`, { name: 'Some Name', ...settings })).status).toBe(201);
  return id;
};
const namesOfFaults = (answer: TestAnswer): string[] =>
  faultsOf(answer).map(({ pointer, parameter, code }) => `${pointer ?? parameter} ${code}`);
const dataOf = ({ body }: TestAnswer): Record<string, unknown>[] =>
  (body as { data: Record<string, unknown>[] }).data;
const VIEW = { name: 'Some Name', status: 'active', billing_api_url: null, invoicing_entities: null };

describe('PUT /tenants/{id}', () => {
  const accepted: [string, object, object?][] = [
    ['a name alone', {}],
    ['a name of one character', { name: 'x' }],
    ['a name of 255 characters that are two code units each', { name: '😀'.repeat(255) }],
    ['a name with white space around it, unchanged', { name: '  Café ' }],
    ['active', { status: 'active' }],
    ['suspended', { status: 'suspended' }],
    ['no invoicing entity', { invoicing_entities: [] }],
    ['100 invoicing entities', { invoicing_entities: Array(100).fill('ive_1') }],
    ['an invoicing entity of 22 characters', { invoicing_entities: [`ive_${'aZ0'.repeat(7)}b`] }],
  ];
  it.each(accepted)('accepts %s, with 201 and then 200', async (_, body) => {
    const id = `accepted-${(created += 1)}`;
    const whole = { id, ...VIEW, ...body };
    for (const status of [201, 200]) {
      const put = await act('PUT', `/${id}`, { name: 'Some Name', ...body });
      expect({ status: put.status, body: put.body }).toEqual({ status, body: whole });
      expect(put.headers.get('Cache-Control')).toBe('no-store');
    }
    expect((await act('GET', `/${id}`)).body).toEqual(whole);
    expect(dataOf(await act('GET', ''))).toContainEqual(whole);
  });

  it('accepts an allowed billing API, answers its address without a slash at the end, and sets back what is left out', async () => {
    const id = await newTenant({
      billing_api_url: `${away.url}/v2//`,
      status: 'suspended',
      invoicing_entities: [],
    });
    expect((await act('GET', `/${id}`)).body).toMatchObject({ billing_api_url: `${away.url}/v2` });
    const put = await act('PUT', `/${id}`, { name: 'Some Name' });
    expect({ status: put.status, body: put.body }).toEqual({ status: 200, body: { id, ...VIEW } });
  });

  it.each([
    ['with every field set', { status: 'suspended', invoicing_entities: ['ive_1'] }],
    ['with defaults', {}],
  ])('takes what GET answered, %s, and changes nothing', async (_, settings) => {
    const id = await newTenant({
      ...settings,
      ...('status' in settings ? { billing_api_url: `${away.url}/v2` } : {}),
    });
    const { body } = await act('GET', `/${id}`);
    const put = await act('PUT', `/${id}`, body);
    expect({ status: put.status, body: put.body }).toEqual({ status: 200, body });
    expect((await act('GET', `/${id}`)).body).toEqual(body);
  });

  it('creates a tenant from what GET answered', async () => {
    const id = `copied-${(created += 1)}`;
    const put = await act('PUT', `/${id}`, { id, ...VIEW });
    expect({ status: put.status, body: put.body }).toEqual({ status: 201, body: { id, ...VIEW } });
  });

  it('says which id it expects', async () => {
    const put = await act('PUT', '/never', { name: 'x', id: 'other' });
    expect(faultsOf(put)).toEqual([
      { pointer: '#/id', code: 'not-allowed', detail: 'must be the id in the path, or left out' },
    ]);
  });

  const refused: [string, unknown, ...string[]][] = [
    ['no name', {}, '#/name required'],
    ['null as name', { name: null }, '#/name null'],
    ['a number as name', { name: 5 }, '#/name not-text'],
    ['an empty name', { name: '' }, '#/name too-short'],
    ['a blank name', { name: ' \u00a0' }, '#/name blank'],
    ['a name of two lines', { name: 'a\nb' }, '#/name control-character'],
    ['half a character', { name: 'a\ud83d' }, '#/name lone-surrogate'],
    ['a name of 256 characters', { name: 'x'.repeat(256) }, '#/name too-long'],
    ['null as status', { name: 'x', status: null }, '#/status null'],
    ['another status', { name: 'x', status: 'deleted' }, '#/status not-allowed'],
    ['a status in capitals', { name: 'x', status: 'Active' }, '#/status not-allowed'],
    ['a list as status', { name: 'x', status: ['active'] }, '#/status not-allowed'],
    ['text as entities', { name: 'x', invoicing_entities: 'ive_1' }, '#/invoicing_entities not-list'],
    [
      'entities that are none',
      { name: 'x', invoicing_entities: ['ive_1', null, 'ive_', 'cus_1', `ive_${'a'.repeat(23)}`, 'ive_1\n'] },
      '#/invoicing_entities/1 null',
      ...[2, 3, 4, 5].map((index) => `#/invoicing_entities/${index} not-invoicing-entity-id`),
    ],
    [
      '101 entities',
      { name: 'x', invoicing_entities: Array(101).fill('ive_1') },
      '#/invoicing_entities too-many',
    ],
    ['a number as address', { name: 'x', billing_api_url: 1 }, '#/billing_api_url not-text'],
    ['an empty address', { name: 'x', billing_api_url: '' }, '#/billing_api_url too-short'],
    ['a token', { name: 'x', token: 'secret-in-the-wrong-place' }, '#/token unknown-field'],
    ['another id than that of the path', { name: 'x', id: 'Never' }, '#/id not-allowed'],
    ['a number as id', { name: 'x', id: 5 }, '#/id not-text'],
    ['null as id', { name: 'x', id: null }, '#/id null'],
    [
      'another id and an address that is not allowed, at once',
      { name: 'x', id: 'x', billing_api_url: 'ftp://x' },
      ...['#/id not-allowed', '#/billing_api_url not-allowed'],
    ],
    ['a prototype', '{"name":"x","__proto__":{"status":"active"}}', '#/__proto__ unknown-field'],
    ['a list', [{ name: 'x' }], '# not-object'],
    ['null', 'null', '# not-object'],
    [
      'several faults at once',
      { status: 1, x: 1, invoicing_entities: {} },
      ...['#/invoicing_entities not-list', '#/name required', '#/status not-allowed', '#/x unknown-field'],
    ],
  ];
  it.each(refused)('refuses %s', async (_, body, ...faults) => {
    const put = await act('PUT', '/never', body);
    expect(put.status).toBe(400);
    expect(namesOfFaults(put).sort()).toEqual(faults.sort());
    expect(JSON.stringify(put.body)).not.toContain('secret-in-the-wrong-place');
    expect((await act('GET', '/never')).status).toBe(404);
  });

  const addresses: [string, (origin: string) => string][] = [
    ['a user name', (origin) => origin.replace('//', '//user@')],
    ['a password', (origin) => origin.replace('//', '//user:secret-password@')],
    ['a query', (origin) => `${origin}/v2?x=1`],
    ['a fragment', (origin) => `${origin}/v2#x`],
    ['an empty query', (origin) => `${origin}/v2?`],
    ['an empty fragment', (origin) => `${origin}/v2#`],
    ['another host', (origin) => origin.replace('127.0.0.1', 'localhost')],
    ['another host behind an @', (origin) => `${origin}@billing.example`],
    ['another host that begins alike', (origin) => `${origin.replace(/:\d+$/, '')}.billing.example`],
    ['another port', () => 'http://127.0.0.1:1'],
    ['another scheme', (origin) => origin.replace('http:', 'https:')],
    ['ftp', (origin) => origin.replace('http:', 'ftp:')],
    ['a file', () => 'file:///etc/passwd'],
    ['no scheme', (origin) => origin.replace('http:', '')],
    ['a path', () => '/v2'],
    ['a line break', (origin) => `${origin}/\nv2`],
    ['2,049 characters', (origin) => `${origin}/`.padEnd(2_049, 'x')],
  ];
  it.each(addresses)('refuses a billing API with %s', async (_, address) => {
    const path = `/address-${(created += 1)}`;
    const put = await act('PUT', path, { name: 'x', billing_api_url: address(home.url) });
    expect(put.status).toBe(400);
    expect(namesOfFaults(put)).toEqual([expect.stringMatching(/^#\/billing_api_url [a-z-]+$/)]);
    expect(JSON.stringify(put.body) + bff.logs()).not.toContain('secret-password');
    expect((await act('GET', path)).status).toBe(404);
  });
});

describe('PATCH /tenants/{id}', () => {
  const CHANGED = {
    name: 'Other Name',
    status: 'suspended',
    billing_api_url: '',
    invoicing_entities: ['ive_2'],
  } as const;

  it('changes what is named, keeps the rest, and clears with null', async () => {
    const id = await newTenant();
    let whole: object = { id, ...VIEW };
    for (const field of ['name', 'status', 'billing_api_url', 'invoicing_entities'] as const) {
      const change = { [field]: field === 'billing_api_url' ? `${away.url}/v2` : CHANGED[field] };
      whole = { ...whole, ...change };
      const patched = await act('PATCH', `/${id}`, change);
      expect({ status: patched.status, body: patched.body }).toEqual({ status: 200, body: whole });
      expect((await act('GET', `/${id}`)).body).toEqual(whole);
    }
    const cleared = await act('PATCH', `/${id}`, { billing_api_url: null, invoicing_entities: null });
    expect(cleared.body).toEqual({ ...whole, billing_api_url: null, invoicing_entities: null });
    expect((await act('PATCH', `/${id}`, { invoicing_entities: [] })).body).toMatchObject({
      invoicing_entities: [],
    });
  });

  it('suspends a tenant and lets it act again: its address, entities and tokens stay', async () => {
    const id = await newTenant({ billing_api_url: `${home.url}/v3`, invoicing_entities: ['ive_1'] });
    await act('PUT', `/${id}/token`, { token: secret() });
    expect((await act('PATCH', `/${id}`, { status: 'suspended' })).status).toBe(200);
    expect(await patchAs(id)).toMatchObject({
      status: 403,
      body: { type: 'urn:billing-bff:problem:tenant-suspended' },
    });
    const active = await act('PATCH', `/${id}`, { status: 'active' });
    const view = { ...VIEW, billing_api_url: `${home.url}/v3`, invoicing_entities: ['ive_1'] };
    expect(active.body).toEqual({ id, ...view });
    expect((await patchAs(id)).status).toBe(200);
    expect(dataOf(await act('GET', `/${id}/tokens`))).toMatchObject([{ version: 1, retired_at: null }]);
  });

  it.each<[string, unknown, ...string[]]>([
    ['nothing', {}, '# empty'],
    ['null as name', { name: null }, '#/name null'],
    ['a blank name', { name: ' ' }, '#/name blank'],
    ['null as status', { status: null }, '#/status null'],
    ['another status', { status: 'deleted' }, '#/status not-allowed'],
    ['a number as address', { billing_api_url: 1 }, '#/billing_api_url not-text'],
    ['an origin that is not allowed', { billing_api_url: 'https://x.test' }, '#/billing_api_url not-allowed'],
    ['a list with null', { invoicing_entities: [null] }, '#/invoicing_entities/0 null'],
    ['text as entities', { invoicing_entities: 'ive_1' }, '#/invoicing_entities not-list'],
    ['a token', { token: 'secret-in-the-wrong-place' }, '#/token unknown-field'],
    ['an id', { id: 'x' }, '#/id unknown-field'],
    ['a list', [], '# not-object'],
    ['several faults at once', { status: 1, x: 1 }, '#/status not-allowed', '#/x unknown-field'],
  ])('refuses %s', async (_, body, ...faults) => {
    const id = await newTenant();
    const patched = await act('PATCH', `/${id}`, body);
    expect(patched.status).toBe(400);
    expect(namesOfFaults(patched).sort()).toEqual(faults.sort());
    expect((await act('GET', `/${id}`)).body).toEqual({ id, ...VIEW });
  });

  it('is an event with what it changed', async () => {
    const id = await newTenant();
    await act('PATCH', `/${id}`, { status: 'suspended', name: 'Some Name' });
    await act('PATCH', `/${id}`, { status: 'active' });
    const reader = await bearer({ tenant_id: id, scope: 'audit:read' });
    const trail = await bff.send('GET', '/api/v1/audit-events?action=tenant.changed', undefined, reader);
    expect(dataOf(trail).map(({ status, changes }) => ({ status, changes }))).toMatchObject([
      {
        status: 200,
        changes: [{ field: 'status', before: 'suspended', after: 'active', effect: 'applied' }],
      },
      { status: 200, changes: [{ field: 'status', before: 'active', after: 'suspended' }] },
      { status: 201 },
    ]);
  });
});

describe('PUT /tenants/{id}/token', () => {
  it.each([
    ['one character', '!'],
    [
      'every visible ASCII character',
      Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join(''),
    ],
    ['4,096 characters', 'x'.repeat(4_096)],
  ])('accepts %s, answers 201 with the version and sends it as it is', async (_, token) => {
    const id = await newTenant();
    const put = await act('PUT', `/${id}/token`, { token });
    expect({ status: put.status, body: put.body }).toEqual({
      status: 201,
      body: {
        version: 1,
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
        last_used_at: null,
        retired_at: null,
        rejected_at: null,
      },
    });
    expect((await patchAs(id)).status).toBe(200);
    expect(home.requests.at(-1)?.headers.authorization).toBe(`Bearer ${token}`);
  });

  it.each([
    ['nothing', {}, '#/token required'],
    ['null', { token: null }, '#/token null'],
    ['a number', { token: 5 }, '#/token not-token'],
    ['an object', { token: { env: 'HOME' } }, '#/token not-token'],
    ['no character', { token: '' }, '#/token not-token'],
    ['4,097 characters', { token: 'x'.repeat(4_097) }, '#/token not-token'],
    ['a line break', { token: 'secret-bad\r\nX-A: b' }, '#/token not-token'],
    ['a line break at its end', { token: 'secret-bad\n' }, '#/token not-token'],
    ['a tab', { token: 'secret-bad\tx' }, '#/token not-token'],
    ['NUL', { token: 'secret-bad\0' }, '#/token not-token'],
    ['DEL', { token: 'secret-bad\x7f' }, '#/token not-token'],
    ['a letter that is not ASCII', { token: 'secret-bäd' }, '#/token not-token'],
    ['an unknown field', { token: 'secret-bad', version: 7 }, '#/version unknown-field'],
    ['a list', ['secret-bad'], '# not-object'],
  ])('refuses %s', async (_, body, fault) => {
    const put = await act('PUT', '/acme/token', body);
    expect(put.status).toBe(400);
    expect(namesOfFaults(put)).toEqual([fault]);
    expect(JSON.stringify(put.body)).not.toContain('secret-b');
    expect(dataOf(await act('GET', '/acme/tokens'))).toHaveLength(1);
    expect(bff.logs()).not.toContain('secret-b');
  });

  it('gives versions, newest first; the current one put again stays what it is; a retired one never comes back', async () => {
    const id = await newTenant();
    const tokens = [secret(), secret()];
    for (const [index, token] of tokens.entries()) {
      for (let again = 0; again < 2; again += 1) {
        expect((await act('PUT', `/${id}/token`, { token })).body).toMatchObject({ version: index + 1 });
      }
    }
    expect((await act('DELETE', `/${id}/tokens/1`)).status).toBe(204);
    const versions = dataOf(await act('GET', `/${id}/tokens`));
    expect(versions).toMatchObject([
      { version: 2, retired_at: null },
      { version: 1, retired_at: expect.any(String) as unknown },
    ]);
    expect(new Set(versions.map(({ fingerprint }) => fingerprint)).size).toBe(2);
    const again = await act('PUT', `/${id}/token`, { token: tokens[0] });
    expect(again.status).toBe(400);
    expect(namesOfFaults(again)).toEqual(['#/token retired']);
    expect((await act('DELETE', `/${id}/tokens/1`)).status).toBe(204);
    expect(dataOf(await act('GET', `/${id}/tokens`))).toEqual(versions);
    await patchAs(id);
    expect(home.requests.at(-1)?.headers.authorization).toBe(`Bearer ${tokens[1]}`);
  });
});

it('retiring a version retires every version with the same value', async () => {
  const id = await newTenant();
  const [leaked, other] = [secret(), secret()];
  for (const token of [leaked, other, leaked]) await act('PUT', `/${id}/token`, { token });
  expect((await act('DELETE', `/${id}/tokens/1`)).status).toBe(204);
  const retired = expect.any(String) as unknown;
  expect(dataOf(await act('GET', `/${id}/tokens`))).toMatchObject([
    { version: 3, retired_at: retired },
    { version: 2, retired_at: null },
    { version: 1, retired_at: retired },
  ]);
});

describe('paths', () => {
  const OF_ONE: [string, string, unknown][] = [
    ['GET', '', undefined],
    ['PUT', '', { name: 'x' }],
    ['PATCH', '', { name: 'x' }],
    ['PUT', '/token', { token: 'x' }],
    ['GET', '/tokens', undefined],
    ['DELETE', '/tokens/1', undefined],
  ];
  const badIds = ['_acme', '_platform', 'a%20b', 'a%2Fb', 'a%00', '%C3%BC', 'a:b', 'a%25', `${MAX_ID}x`];
  it.each(OF_ONE)('%s /tenants/{id}%s refuses what is no id', async (method, rest, body) => {
    for (const id of badIds) {
      const answer = await act(method, `/${id}${rest}`, body);
      expect({ id, status: answer.status, faults: namesOfFaults(answer) }).toEqual({
        id,
        status: 400,
        faults: ['id not-tenant-id'],
      });
    }
  });

  it.each(OF_ONE.filter(([method, rest]) => method !== 'PUT' || rest !== ''))(
    '%s /tenants/{id}%s says 404 of a tenant that is not there',
    async (method, rest, body) => {
      for (const id of [MAX_ID, 'ACME']) {
        const { status, body: problem } = await act(method, `/${id}${rest}`, body);
        expect(status).toBe(404);
        expect(problem).toMatchObject({ type: 'urn:billing-bff:problem:not-found', code: 'NOT_FOUND' });
      }
    },
  );

  it.each(['0', '-1', '1.5', '01', '1e3', 'x', '%20', '99999999999'])(
    'DELETE /tenants/{id}/tokens/%s is no version',
    async (version) => {
      const answer = await act('DELETE', `/acme/tokens/${version}`);
      expect(answer.status).toBe(400);
      expect(namesOfFaults(answer)).toEqual(['version out-of-range']);
    },
  );

  it('DELETE of a version that is not there is 404', async () => {
    for (const version of ['2', '999999999']) {
      expect((await act('DELETE', `/acme/tokens/${version}`)).status).toBe(404);
    }
  });
});

describe('scope', () => {
  const ROUTES: [string, string, unknown, number][] = [
    ['GET', '', undefined, 200],
    ['GET', '/globex', undefined, 200],
    ['PUT', '/globex', { name: 'Globex' }, 200],
    ['PATCH', '/globex', { name: 'Globex' }, 200],
    ['PUT', '/globex/token', { token: 'globex-2' }, 201],
    ['GET', '/globex/tokens', undefined, 200],
    ['DELETE', '/globex/tokens/1', undefined, 204],
  ];
  it.each(ROUTES)('%s /tenants%s needs tenants:admin and no tenant', async (method, path, body, status) => {
    const as = async (claims: object): Promise<TestAnswer> =>
      bff.send(method, `${TENANTS}${path}`, body, await bearer(claims));
    const forged = await bff.send(method, `${TENANTS}${path}`, body, { Authorization: 'Bearer x' });
    expect(forged.status).toBe(401);
    for (const scope of [
      '',
      'customers:write',
      'tenants:any audit:read',
      'tenants:administer',
      'TENANTS:ADMIN',
    ]) {
      for (const tenant_id of ['globex', undefined]) {
        const refused = await as({ scope, tenant_id });
        expect(refused.status).toBe(403);
        expect(refused.body).toMatchObject({ type: 'urn:billing-bff:problem:insufficient-scope' });
      }
    }
    for (const tenant_id of [undefined, 'acme', 'initech', 'nobody']) {
      expect((await as({ scope: 'tenants:admin', tenant_id })).status).toBe(status);
    }
  });
});

describe('audit', () => {
  it('each change is one whole event in the trail of the tenant that changed, and nothing refused is', async () => {
    const id = await newTenant({ name: 'Umbrella' });
    const settings = { name: 'Raincoat', status: 'suspended', invoicing_entities: ['ive_1'] };
    await act('PUT', `/${id}`, settings);
    await act('PUT', `/${id}`, { ...settings, name: ' ' });
    await act('PUT', `/${id}`, { name: 'Raincoat' });
    const added = (await act('PUT', `/${id}/token`, { token: secret() })).body as { fingerprint: string };
    await act('PUT', `/${id}/token`, { token: '' });
    await act('DELETE', `/${id}/tokens/9`);
    for (let again = 0; again < 2; again += 1) await act('DELETE', `/${id}/tokens/1`);

    const reader = await bearer({ tenant_id: id, scope: 'audit:read' });
    const trail = await bff.send('GET', '/api/v1/audit-events?limit=200', undefined, reader);
    const administered = dataOf(trail)
      .filter(({ action }) => String(action).startsWith('tenant.'))
      // Known once the event is in the log, about a second later.
      .map(({ leaf_index: _, ...event }) => event)
      .reverse();
    const event = {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      operation_id: null,
      occurred_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as unknown,
      tenant_id: id,
      actor: { type: 'user', sub: 'operator', client_id: 'ops', scopes: ['tenants:admin'] },
      origin: { ip: '127.0.0.1', user_agent: 'node' },
      request_id: expect.any(String) as unknown,
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
      phase: 'event',
      target: null,
      outcome: 'applied',
      upstream: null,
      credential: null,
      changes: [],
    };
    const applied = (field: string, before: unknown, after: unknown): object => ({
      field,
      before,
      after,
      effect: 'applied',
    });
    const credential = { version: 1, fingerprint: added.fingerprint };
    expect(administered).toEqual([
      {
        ...event,
        action: 'tenant.changed',
        status: 201,
        changes: [
          applied('name', null, 'U***'),
          applied('status', null, 'active'),
          applied('billing_api_url', null, null),
          applied('invoicing_entities', null, null),
        ],
      },
      {
        ...event,
        action: 'tenant.changed',
        status: 200,
        changes: [
          applied('name', 'U***', 'R***'),
          applied('status', 'active', 'suspended'),
          applied('invoicing_entities', null, ['ive_1']),
        ],
      },
      {
        ...event,
        action: 'tenant.changed',
        status: 200,
        changes: [applied('status', 'suspended', 'active'), applied('invoicing_entities', ['ive_1'], null)],
      },
      { ...event, action: 'tenant.token.added', status: 201, credential },
      { ...event, action: 'tenant.token.retired', status: 204, credential },
    ]);
    const others = await bff.send('GET', '/api/v1/audit-events?limit=200', undefined, await bearer({}));
    expect(JSON.stringify(others.body)).not.toContain(id);
  });

  it('a change whose event can’t be stored is not made', async () => {
    const id = await newTenant();
    await sql`alter table audit_record add constraint full_disk check (action::text not like 'tenant.%') not valid`.execute(
      bff.database.kysely,
    );
    const token = secret();
    const tries = [
      await act('PUT', `/${id}`, { name: 'Other' }),
      await act('PUT', `/${id}/token`, { token }),
      await act('PUT', '/never', { name: 'x' }),
      await act('DELETE', '/acme/tokens/1'),
    ];
    await sql`alter table audit_record drop constraint full_disk`.execute(bff.database.kysely);
    expect(tries.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    expect((await act('GET', `/${id}`)).body).toEqual({ id, ...VIEW });
    expect(dataOf(await act('GET', `/${id}/tokens`))).toEqual([]);
    expect((await act('GET', '/never')).status).toBe(404);
    expect(dataOf(await act('GET', '/acme/tokens'))).toMatchObject([{ version: 1, retired_at: null }]);
    expect(bff.logs()).not.toContain(token);
  });
});

it('from nothing to a patch, and back', async () => {
  const id = await newTenant();
  const body = { code: 'INTERNAL_SERVER_ERROR', status: 502, outcome: 'not_applied' };
  expect(await patchAs(id)).toMatchObject({ status: 502, body });
  const token = secret();
  const put = await act('PUT', `/${id}/token`, { token });
  expect(put).toMatchObject({ status: 201, body: { version: 1, retired_at: null, rejected_at: null } });
  expect((await patchAs(id)).status).toBe(200);
  expect(home.requests.at(-1)?.headers.authorization).toBe(`Bearer ${token}`);
  expect(dataOf(await act('GET', `/${id}/tokens`))).toMatchObject([{ version: 1 }]);
  expect((await act('DELETE', `/${id}/tokens/1`)).status).toBe(204);
  expect((await patchAs(id)).status).toBe(502);
  expect((await act('PUT', `/${id}/token`, { token })).status).toBe(400);
  const reader = await bearer({ tenant_id: id, scope: 'audit:read' });
  const events = await bff.send('GET', '/api/v1/audit-events?credential_version=1', undefined, reader);
  expect(dataOf(events).map(({ action, phase }) => `${String(action)} ${String(phase)}`)).toEqual([
    'tenant.token.retired event',
    'customer.patch outcome',
    'customer.patch intent',
    'tenant.token.added event',
  ]);
});

describe('a change of origin', () => {
  const moves: [string, (id: string, query: string) => Promise<TestAnswer>][] = [
    ['PUT', (id, query) => act('PUT', `/${id}${query}`, { name: 'Some Name', billing_api_url: away.url })],
    ['PATCH', (id, query) => act('PATCH', `/${id}${query}`, { billing_api_url: away.url })],
  ];
  it.each(moves)(
    'by %s is refused while a token is not retired, unless the caller asks for it',
    async (_, move) => {
      const id = await newTenant();
      for (const token of [secret(), secret()]) await act('PUT', `/${id}/token`, { token });
      await act('DELETE', `/${id}/tokens/1`);
      for (const query of ['', '?retire_tokens=false']) {
        const refused = await move(id, query);
        expect(refused).toMatchObject({
          status: 409,
          body: { type: 'urn:billing-bff:problem:tokens-would-retire', code: 'CONFLICT' },
        });
        expect((refused.body as { detail: string }).detail).toContain('?retire_tokens=true');
        expect((await act('GET', `/${id}`)).body).toEqual({ id, ...VIEW });
      }
      for (const query of [
        '?retire_tokens=yes',
        '?retire_tokens',
        '?retire=true',
        '?retire_tokens=true&retire_tokens=true',
      ])
        expect((await move(id, query)).status).toBe(400);
      expect(dataOf(await act('GET', `/${id}/tokens`))).toMatchObject([{ retired_at: null }, {}]);
      expect((await move(id, '?retire_tokens=true')).body).toMatchObject({ billing_api_url: away.url });
      const reader = await bearer({ tenant_id: id, scope: 'audit:read' });
      const trail = dataOf(await bff.send('GET', '/api/v1/audit-events?limit=2', undefined, reader));
      expect(trail).toMatchObject([
        { action: 'tenant.token.retired', status: 200, credential: { version: 2 } },
        { action: 'tenant.changed', status: 200 },
      ]);
    },
  );

  it('is free for a tenant whose tokens are all retired, and for a path of the same origin', async () => {
    const id = await newTenant();
    await act('PUT', `/${id}/token`, { token: secret() });
    expect((await act('PATCH', `/${id}`, { billing_api_url: `${home.url}/v2` })).status).toBe(200);
    await act('DELETE', `/${id}/tokens/1`);
    expect((await act('PATCH', `/${id}`, { billing_api_url: away.url })).status).toBe(200);
  });

  const tokenAt = (upstream: TestUpstream): string | undefined =>
    upstream.requests.at(-1)?.headers.authorization?.toString();

  it('retires every token; none of them is ever sent to the new origin', async () => {
    const id = await newTenant();
    const tokens = [secret(), secret()];
    for (const token of tokens) await act('PUT', `/${id}/token`, { token });
    await patchAs(id);
    expect(tokenAt(home)).toBe(`Bearer ${tokens[1]}`);

    await act('PUT', `/${id}`, { name: 'Some Name', billing_api_url: `${home.url}/v2` });
    expect((await patchAs(id)).status).toBe(200);
    expect(home.requests.at(-1)).toMatchObject({
      url: expect.stringMatching(/^\/v2\/api\//) as unknown,
      headers: { authorization: `Bearer ${tokens[1]}` },
    });

    const seen = home.requests.length;
    await act('PUT', `/${id}?retire_tokens=true`, { name: 'Some Name', billing_api_url: away.url });
    expect(await patchAs(id)).toMatchObject({
      status: 502,
      body: {
        ...{ type: 'urn:billing-bff:problem:billing-credentials-rejected', outcome: 'not_applied' },
        detail: 'The tenant has no token that the billing API accepts. Nothing was changed.',
      },
    });
    expect(dataOf(await act('GET', `/${id}/tokens`))).toMatchObject([
      { version: 2, retired_at: expect.any(String) as unknown },
      { version: 1, retired_at: expect.any(String) as unknown },
    ]);
    for (const token of tokens) {
      expect(namesOfFaults(await act('PUT', `/${id}/token`, { token }))).toEqual(['#/token retired']);
    }
    const third = secret();
    await act('PUT', `/${id}/token`, { token: third });
    expect((await patchAs(id)).status).toBe(200);
    expect(away.requests.map(({ method, headers }) => [method, headers.authorization])).toEqual([
      ['GET', `Bearer ${third}`],
      ['PATCH', `Bearer ${third}`],
    ]);

    await act('PUT', `/${id}?retire_tokens=true`, { name: 'Some Name' });
    expect((await patchAs(id)).status).toBe(502);
    expect(home.requests).toHaveLength(seen);
  });

  it('that comes between a look-up’s two reads does not send the new origin’s token to the old origin', async () => {
    const id = await newTenant();
    await act('PUT', `/${id}/token`, { token: secret() });
    const fresh = secret();
    const executor = bff.database.kysely.getExecutor();
    const execute = executor.executeQuery.bind(executor);
    let moved = false;
    const spy = jest.spyOn(executor, 'executeQuery').mockImplementation(async (query, ...rest) => {
      const result = await execute(query, ...rest);
      if (!moved && query.sql.includes('from "tenant"') && query.parameters.includes(id)) {
        moved = true;
        await act('PUT', `/${id}?retire_tokens=true`, { name: 'Some Name', billing_api_url: away.url });
        await act('PUT', `/${id}/token`, { token: fresh });
      }
      return result;
    });
    await patchAs(id);
    spy.mockRestore();
    expect(moved).toBe(true);
    expect(home.requests.map(({ headers }) => headers.authorization)).not.toContain(`Bearer ${fresh}`);
    expect((await patchAs(id)).status).toBe(200);
    expect(tokenAt(away)).toBe(`Bearer ${fresh}`);
  });
});

it('no answer, no log line and no row holds a token', async () => {
  const id = await newTenant();
  const tokens = [secret(), secret()];
  const answers = [];
  for (const token of tokens) answers.push(await act('PUT', `/${id}/token`, { token }));
  answers.push(
    await act('DELETE', `/${id}/tokens/1`),
    await act('PUT', `/${id}/token`, { token: tokens[0] }),
    await act('PUT', `/${id}`, { name: 'Some Name', token: tokens[0] }),
    await act('PUT', `/${id}/token`, { token: { value: tokens[1] } }),
    await act('PUT', `/${id}/token`, `{"token":"${tokens[1]}"`),
    await act('GET', ''),
    await act('GET', `/${id}`),
    await act('GET', `/${id}/tokens`),
  );
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 204, 400, 400, 400, 400, 200, 200, 200]);
  const rows = await Promise.all(
    (['tenant', 'tenant_token', 'audit_event', 'audit_record'] as const).map((table) =>
      bff.database.kysely.selectFrom(table).selectAll().execute(),
    ),
  );
  const seen = JSON.stringify([answers.map(({ headers, body }) => [[...headers], body]), rows]) + bff.logs();
  for (const token of tokens) expect(seen).not.toContain(token);
  expect(seen).toContain(id);
});
