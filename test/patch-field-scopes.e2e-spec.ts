import { CUSTOMER_PATH, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { CUSTOMER } from './support/upstream.js';

const VALUES = {
  contact: {
    name: 'Acme AG',
    alias: 'acme-ag',
    billing_email: 'billing@acme.test',
    invoicing_emails: ['invoices@acme.test'],
    phone: '+49 30 1',
    billing_address: { city: 'Berlin' },
    shipping_address: { same_as_billing: true },
  },
  tax: {
    vat_number: 'DE123456789',
    custom_taxes: [{ name: 'City tax', tax_code: 'CITY', rate: '2' }],
    is_tax_exempt: true,
  },
  billing: { currency: 'CHF', invoicing_entity_id: 'ive_1' },
};
const GROUPS = ['contact', 'tax', 'billing'] as const;
const scopeOf = (group: string): string => `customers:write:${group}`;

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff();
});
afterAll(() => bff.stop());

let sub = '';
let callers = 0;
beforeEach(() => {
  callers += 1;
  sub = `caller-${callers}`;
  bff.upstream.requests.length = 0;
});

async function patch(
  scope: string,
  body: unknown,
  method = 'PATCH',
  path = CUSTOMER_PATH,
): Promise<TestAnswer> {
  const headers = { Authorization: `Bearer ${await bff.idp.token({ sub, scope })}` };
  return bff.send(method, path, body, headers);
}

const pointers = ({ body }: TestAnswer): unknown[] =>
  ((body as { errors?: { pointer?: string }[] }).errors ?? []).map(({ pointer }) => pointer);

describe.each(GROUPS)('customers:write:%s', (group) => {
  const others = GROUPS.filter((other) => other !== group);

  it('allows every field of its group', async () => {
    const answer = await patch(scopeOf(group), VALUES[group]);
    expect([answer.status, bff.upstream.methods]).toEqual([200, ['GET', 'PATCH']]);
  });

  it.each(others.flatMap((other) => Object.entries<unknown>(VALUES[other])))(
    'does not allow %s, and nothing is sent',
    async (field, value) => {
      const answer = await patch(scopeOf(group), { ...VALUES[group], [field]: value });
      expect({ status: answer.status, pointers: pointers(answer) }).toEqual({
        status: 403,
        pointers: [`#/${field}`],
      });
      expect(bff.upstream.requests).toEqual([]);
    },
  );
});

it('two groups allow the fields of both, customers:write all', async () => {
  const both = { ...VALUES.contact, ...VALUES.tax };
  expect((await patch('customers:write:contact customers:write:tax', both)).status).toBe(200);
  const all = { ...both, ...VALUES.billing };
  expect((await patch('customers:write', all)).status).toBe(200);
  expect(pointers(await patch('customers:write:contact customers:write:tax', all))).toEqual([
    '#/currency',
    '#/invoicing_entity_id',
  ]);
});

it('names every such field and the scopes that are missing; the trail has the fields without values', async () => {
  const answer = await patch('customers:write:contact', {
    name: 'Acme AG',
    currency: 'CHF',
    vat_number: 'DE123456789',
  });
  const needs = (group: string): string => `needs the scope customers:write or customers:write:${group}`;
  const detail = `/currency ${needs('billing')}; and 1 more fault.`;
  expect(answer.body).toEqual({
    type: 'urn:billing-bff:problem:field-forbidden',
    title: 'The access token does not allow these fields',
    status: 403,
    detail,
    instance: expect.any(String) as unknown,
    code: 'FORBIDDEN',
    message: detail,
    request_id: answer.headers.get('x-request-id'),
    errors: [
      { pointer: '#/currency', code: 'forbidden', detail: needs('billing') },
      { pointer: '#/vat_number', code: 'forbidden', detail: needs('tax') },
    ],
  });
  expect(answer.headers.get('www-authenticate')).toBe(
    'Bearer error="insufficient_scope", scope="customers:write:billing customers:write:tax"',
  );
  expect(answer.headers.has('x-operation-id')).toBe(false);
  const event = await refusal();
  expect(event).toMatchObject({
    action: 'access.refused',
    phase: 'refusal',
    outcome: 'refused',
    status: 403,
    problem: 'field-forbidden',
    target: { ref: CUSTOMER.id },
    changes: [
      { field: 'currency', effect: 'not_applied' },
      { field: 'vat_number', effect: 'not_applied' },
    ],
  });
  expect(JSON.stringify(event)).not.toMatch(/CHF|DE123456789/);
});

describe('the order of checks', () => {
  it.each<[string, string, unknown, number, string, string[]]>([
    ['no scope to patch, before the body', 'customers:read', '{', 403, 'insufficient-scope', []],
    ['not JSON, before the fields', 'customers:write:tax', '{', 400, 'malformed-json', []],
    ['no object', 'customers:write:tax', [{ name: 'x' }], 400, 'validation-failed', ['#']],
    ['an empty body', 'customers:write:tax', {}, 400, 'validation-failed', ['#']],
    ['a field of nobody', 'customers:write:tax', { nick: 1 }, 400, 'validation-failed', ['#/nick']],
    [
      'fields of others, before faults of all',
      'customers:write:tax',
      { vat_number: '', name: null, currency: 'XXX', nick: 1 },
      403,
      'field-forbidden',
      ['#/name', '#/currency'],
    ],
    [
      'faults of own fields',
      'customers:write:tax',
      { vat_number: '' },
      400,
      'validation-failed',
      ['#/vat_number'],
    ],
    [
      'a member of every object',
      'customers:write:tax',
      { toString: 1 },
      400,
      'validation-failed',
      ['#/toString'],
    ],
  ])('%s', async (_, scope, body, status, slug, expected) => {
    const answer = await patch(scope, body);
    expect({ type: (answer.body as { type: string }).type, pointers: pointers(answer) }).toEqual({
      type: `urn:billing-bff:problem:${slug}`,
      pointers: expected,
    });
    expect(answer.status).toBe(status);
    expect(bff.upstream.requests).toEqual([]);
  });

  it('a preview is checked like a patch', async () => {
    const preview = (body: object): Promise<TestAnswer> =>
      patch('customers:write:contact', body, 'POST', `${CUSTOMER_PATH}/preview`);
    expect(pointers(await preview({ name: 'x', currency: 'CHF' }))).toEqual(['#/currency']);
    expect(bff.upstream.requests).toEqual([]);
    expect((await preview({ name: 'x' })).status).toBe(200);
  });
});

it.each(['customers:read', 'customers:write', ...GROUPS.map(scopeOf), 'audit:read'])(
  '%s reads operations',
  async (scope) => {
    const operation =
      (await patch('customers:write', { name: 'Acme AG' })).headers.get('x-operation-id') ?? '';
    const headers = { Authorization: `Bearer ${await bff.idp.token({ sub, scope })}` };
    const answer = await bff.send('GET', `/api/v1/operations/${operation}`, undefined, headers);
    expect(answer).toMatchObject({ status: 200, body: { id: operation } });
  },
);

/** The event of the one refusal of this test's caller; ten seconds at most. */
async function refusal(): Promise<unknown> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const row = await bff.database.kysely
      .selectFrom('audit_event')
      .select('event')
      .where('actor_sub', '=', sub)
      .executeTakeFirst();
    if (row !== undefined) return JSON.parse(row.event) as unknown;
    if (Date.now() > deadline) throw new Error('no refusal was recorded');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
