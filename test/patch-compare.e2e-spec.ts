import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';
import { StatefulUpstream } from './support/stateful-upstream.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

const TAX = { name: 'City tax', tax_code: 'CITY', rate: '20.50' };
const COMMITMENT = expect.stringMatching(/^[0-9a-f]{64}$/) as unknown;
const COMMITTED = { before_commitment: COMMITMENT, after_commitment: COMMITMENT };
const ADDRESS = { line1: 'Main Street 1', city: 'Berlin', country: 'DE' };

let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  bff = await startBff();
  upstream = new StatefulUpstream(bff.upstream);
});
beforeEach(() => {
  upstream.reset();
});
afterAll(() => bff.stop());

const sent = (): unknown[] => bff.upstream.patches.map(({ text }): unknown => JSON.parse(text));

it('sends only what differs, to the customer’s id, in the caller’s own words', async () => {
  upstream.write({ vat_number: 'DE123456789', alias: 'acme' });
  const patch = { vat_number: 'DE123456789', name: 'New', custom_taxes: [TAX], currency: 'EUR' };
  const answer = await bff.send('PATCH', '/api/v1/customers/acme', patch);

  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-location')).toBe(`/api/v1/customers/${CUSTOMER.id}`);
  expect(bff.upstream.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET /api/v1/customers/acme',
    `PATCH /api/v1/customers/${CUSTOMER.id}`,
  ]);
  expect(sent()).toEqual([{ name: 'New', custom_taxes: [TAX] }]);
});

it.each([
  ['text', { name: CUSTOMER.name }],
  ['a rate written differently (U11)', { custom_taxes: [{ ...TAX, rate: '20.5' }] }],
  ['an address without its empty lines (U12)', { billing_address: ADDRESS }],
  ['an empty list', { invoicing_emails: [] }],
])('answers a patch that changes nothing from the read: %s', async (_what, patch) => {
  const state = { custom_taxes: [{ ...TAX, rate: 20.5 }], billing_address: { ...ADDRESS, line2: null } };
  upstream.write(state);
  const answer = await bff.patch(patch);

  expect(answer).toMatchObject({ status: 200, body: { id: CUSTOMER.id } });
  expect(upstream.methods).toEqual(['GET']);
  const id = answer.headers.get('x-operation-id');
  expect(await eventsOf(id)).toMatchObject([
    { phase: 'outcome', outcome: 'unchanged', status: 200, changes: [{ effect: 'unchanged' }] },
  ]);
  const operation = await bff.send('GET', `/api/v1/operations/${id}`);
  expect(operation.body).toMatchObject({ status: 'unchanged', attempts: 0 });
});

it('always sends is_tax_exempt, which nobody can read (U2)', async () => {
  const answer = await bff.patch({ is_tax_exempt: true, name: CUSTOMER.name });

  expect(sent()).toEqual([{ is_tax_exempt: true }]);
  expect(await effectsOf(answer.headers.get('x-operation-id'))).toEqual({
    is_tax_exempt: 'unverifiable',
    name: 'unchanged',
  });
});

it('says what became of each field, from what to what', async () => {
  upstream.write({ phone: '123', billing_email: 'old@acme.test' });
  upstream.plan('PATCH', ({ response }) => {
    const stored = { name: 'Applied', vat_number: 'DE99', phone: '123', currency: 'USD' };
    answerJson(response, 200, { ...upstream.customer, ...stored });
  });
  const patch = {
    ...{ name: 'Applied', vat_number: 'de 99', phone: '999 999 9', currency: 'EUR' },
    billing_email: 'old@acme.test',
  };
  const answer = await bff.patch(patch);

  const [intent, outcome] = await eventsOf(answer.headers.get('x-operation-id'));
  const { after_commitment } = COMMITTED;
  expect(outcome?.['changes']).toEqual([
    { field: 'name', effect: 'applied' },
    { field: 'billing_email', effect: 'unchanged' },
    { after_commitment, field: 'phone', after: '***', effect: 'ignored' },
    { after_commitment, field: 'currency', after: 'USD', effect: 'raced' },
    { after_commitment, field: 'vat_number', after: '***', effect: 'normalised' },
  ]);
  const operation = await bff.send('GET', `/api/v1/operations/${answer.headers.get('x-operation-id') ?? ''}`);
  expect(operation.body).toMatchObject({
    changes: [
      { ...COMMITTED, field: 'name', before: 'A***', after: 'A***', effect: 'applied' },
      {
        ...COMMITTED,
        field: 'billing_email',
        before: 'o***@acme.test',
        after: 'o***@acme.test',
        effect: 'unchanged',
      },
      { ...COMMITTED, field: 'phone', before: '***', after: '***', effect: 'ignored' },
      { ...COMMITTED, field: 'currency', before: 'EUR', after: 'USD', effect: 'raced' },
      { ...COMMITTED, field: 'vat_number', before: null, after: '***', effect: 'normalised' },
    ],
  });
  expect((intent?.['changes'] as object[]).map((change) => Object.keys(change))).toEqual(
    Array.from({ length: 5 }, () => ['after', 'after_commitment', 'before', 'before_commitment', 'field']),
  );
  const { body } = await bff.send('GET', '/metrics', undefined, { Authorization: '' });
  for (const effect of ['ignored', 'raced', 'normalised'])
    expect(body).toMatch(
      new RegExp(`billing_bff_patch_fields_total{field="[a-z_]+",effect="${effect}"} 1\n`),
    );
});

it('passes on fields of answers that nobody documented, counts and logs each once', async () => {
  upstream.write({ preferred_locales: [], next_field: null, 'a@b.test': 'x' });
  for (const name of ['Drift', 'Again']) {
    const { body } = await bff.patch({ name });
    expect(body).toMatchObject({ name, preferred_locales: [], next_field: null, 'a@b.test': 'x' });
  }
  const metrics = (await bff.send('GET', '/metrics', undefined, { Authorization: '' })).body;
  expect(metrics).toMatch(/billing_bff_billing_api_undocumented_fields_total{field="next_field"} 1\n/);
  expect(metrics).toMatch(/billing_bff_billing_api_undocumented_fields_total{field="other"} 1\n/);
  expect(metrics).not.toMatch(/a@b\.test|preferred_locales/);
  const lines = bff.logs().split('\n');
  const drift = lines.filter((line) => line.includes('next_field'));
  expect(drift.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: 40, fields: ['next_field', 'other'] },
  ]);
  expect(bff.logs()).not.toContain('a@b.test');
});

it('fields that nobody documented are in a preview and a replay, and outside the tag and the trail', async () => {
  const extra = { preferred_locales: ['de'], custom_properties: { secret: 'S3CR3T' } };
  const tagOf = async (): Promise<string | null> =>
    (await bff.patch({ is_tax_exempt: true })).headers.get('etag');
  const tag = await tagOf();
  upstream.write(extra);
  expect(await tagOf()).toBe(tag);

  const headers = { 'Idempotency-Key': 'with-extra', Authorization: `Bearer ${await bff.idp.token()}` };
  const first = await bff.patch({ phone: '+49 30 7654321' }, headers);
  expect(first.body).toMatchObject(extra);
  const replayed = await bff.patch({ phone: '+49 30 7654321' }, headers);
  expect(replayed.headers.get('idempotency-replayed')).toBe('true');
  expect(replayed.body).toEqual(first.body);

  const preview = await bff.send('POST', `${CUSTOMER_PATH}/preview`, { name: 'Previewed' });
  expect(preview.body).toMatchObject({ customer: { ...extra, name: 'Previewed' } });
  expect(JSON.stringify(await bff.events(0))).not.toMatch(/S3CR3T|preferred_locales/);
});

async function eventsOf(id: string | null): Promise<Record<string, unknown>[]> {
  return (await bff.events(0)).filter(({ operation_id }) => operation_id === id);
}

async function effectsOf(id: string | null): Promise<Record<string, unknown>> {
  const changes = (await eventsOf(id)).at(-1)?.['changes'] as { field: string; effect: string }[];
  return Object.fromEntries(changes.map(({ field, effect }) => [field, effect]));
}
