import { startBff, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

const SETTINGS = { CUSTOMER_PRE_READ: 'never', RATE_LIMIT_PER_MINUTE: '1000000' };

const taxOf = (rate: unknown): object => ({ name: 'City tax', tax_code: 'CITY', rate });

describe('a customer that the billing API answers', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
  });
  afterAll(() => bff.stop());

  it('is the answer, with where it is found and which operation it was', async () => {
    bff.upstream.answerWith(200, CUSTOMER);
    const answer = await bff.patch({ name: 'Acme GmbH' });

    expect(answer).toEqual({ status: 200, headers: answer.headers, body: CUSTOMER });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('content-location')).toBe(`/api/v1/customers/${CUSTOMER.id}`);
    expect(answer.headers.get('x-operation-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.has('location')).toBe(false);
  });

  it('has its id in Content-Location when it was patched by its alias', async () => {
    bff.upstream.answerWith(200, { ...CUSTOMER, alias: 'new-alias' });
    const answer = await bff.send('PATCH', '/api/v1/customers/old-alias', { alias: 'new-alias' });

    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-location')).toBe(`/api/v1/customers/${CUSTOMER.id}`);
  });

  it.each([
    [20.5, '20.5'],
    [0, '0'],
    [100, '100'],
    [1e-8, '0.00000001'],
    [1.5e-10, '0.00000000015'],
    [5e-324, `0.${'0'.repeat(323)}5`],
    [0.1, '0.1'],
    [33.333333333333336, '33.333333333333336'],
    [1e21, '1000000000000000000000'],
    ['20.50', '20.50'],
    ['0.10000000000000000000000001', '0.10000000000000000000000001'],
  ])('has rates as text, in decimal notation: %p (U11)', async (rate, text) => {
    bff.upstream.answerWith(200, { ...CUSTOMER, custom_taxes: [taxOf(rate), taxOf('1')] });
    const answer = await bff.patch({ name: 'Acme GmbH' });

    expect(answer.body).toEqual({ ...CUSTOMER, custom_taxes: [taxOf(text), taxOf('1')] });
    expect(answer.status).toBe(200);
  });

  it('has what is not documented as it came, at every depth and in its place (U12)', async () => {
    const customer = {
      preferred_locales: ['de', 'en'],
      ...CUSTOMER,
      custom_properties: {},
      connected_account_id: null,
      customer_type: { kind: 'b2b', rate: 1.5, nested: [{ deep: [true, 0, ''] }] },
      is_tax_exempt: true,
      custom_taxes: [{ id: 7, ...taxOf('1') }, taxOf('2')],
      billing_address: { city: 'Berlin', geo: [1, 2] },
      shipping_address: { same_as_billing: false, address: { city: 'Berlin', geo: 1 }, note: 'x' },
    };
    const text = JSON.stringify(customer).replace('"rate":"2"', '"rate":2.0');
    bff.upstream.answerWith(200, text);
    const { body } = await bff.patch({ name: 'Acme GmbH' });

    expect(JSON.stringify(body)).toBe(JSON.stringify(customer));
  });

  it.each([
    ['a constructor', '"constructor":{"prototype":1}'],
    ['a __proto__', '"__proto__":{"name":1,"polluted":true}'],
    ['a toJSON', '"toJSON":"x","then":1,"pipe":true,"toString":null'],
    [
      'one of its own, with odd names within',
      '"metadata":{"constructor":{"prototype":1},"__proto__":{"name":1}}',
    ],
    ['an empty name', '"":[],"a~/b":"\u2028"'],
  ])('has what is not documented as it came, however odd: %s', async (_what, members) => {
    const text = `${JSON.stringify(CUSTOMER).slice(0, -1)},${members}}`;
    bff.upstream.answerWith(200, text);
    const { status, body } = await bff.patch({ name: 'Acme GmbH' });

    expect([status, JSON.stringify(body)]).toEqual([200, JSON.stringify(JSON.parse(text))]);
    expect('polluted' in {}).toBe(false);
  });

  it('loses what is nested deeper than anything could write it', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    bff.upstream.answerWith(200, `${JSON.stringify(CUSTOMER).slice(0, -1)},"metadata":${deep},"note":"x"}`);
    const answer = await bff.patch({ name: 'Acme GmbH' });

    expect(answer).toMatchObject({ status: 200, body: { ...CUSTOMER, note: 'x' } });
    expect(answer.body).not.toHaveProperty('metadata');
  });

  it('has up to a thousand taxes and addresses, which is more than anyone may send', async () => {
    const customer = {
      ...CUSTOMER,
      invoicing_emails: Array.from({ length: 1_000 }, () => 'a@acme.test'),
      custom_taxes: Array.from({ length: 1_000 }, () => taxOf('1')),
    };
    bff.upstream.answerWith(200, customer);
    expect((await bff.patch({ name: 'Acme GmbH' })).body).toEqual(customer);
  });

  const many = (count: number, item: unknown): unknown[] => Array.from({ length: count }, () => item);
  it.each<[string, object]>([
    ['24,000 taxes', { custom_taxes: many(24_000, { name: '', tax_code: '', rate: 1e308 }) }],
    ['1,001 taxes', { custom_taxes: many(1_001, taxOf('1')) }],
    ['1,001 e-mail addresses', { invoicing_emails: many(1_001, 'a@acme.test') }],
    ['a rate of 308 digits', { custom_taxes: [taxOf(1e308)] }],
    ['75,000 members', Object.fromEntries(many(75_000, 0).map((_, index) => [`k${index}`, 0]))],
    [
      '1,001 members of an address',
      { billing_address: Object.fromEntries(many(1_001, 0).map((_, index) => [`k${index}`, 0])) },
    ],
  ])('is none that can be read with %s', async (_what, members) => {
    bff.upstream.answerWith(200, { ...CUSTOMER, ...members });
    const answer = await bff.patch({ name: 'Acme GmbH' });

    expect(answer).toMatchObject({
      status: 502,
      body: { type: 'urn:billing-bff:problem:billing-failed', outcome: 'unknown' },
    });
  });

  it('keeps nulls as nulls and absent fields absent (U12)', async () => {
    const { alias: _alias, phone: _phone, billing_address: _address, ...rest } = CUSTOMER;
    bff.upstream.answerWith(200, {
      ...rest,
      vat_number: null,
      shipping_address: { same_as_billing: true, address: null },
    });
    const answer = await bff.patch({ name: 'Acme GmbH' });

    expect(answer.body).toEqual({ ...rest, shipping_address: { same_as_billing: true, address: null } });
  });

  it('keeps every text as it came', async () => {
    const odd = ' <b>"Søren"\\\u2028 😀\ufeff\n ';
    const customer = {
      ...CUSTOMER,
      name: odd,
      alias: odd,
      billing_email: 'no e-mail address',
      invoicing_emails: [odd, ''],
      phone: odd,
      currency: 'XTS',
      vat_number: odd,
      billing_address: { line1: odd, country: 'de' },
    };
    bff.upstream.answerWith(200, customer);
    const answer = await bff.patch({ name: 'Acme GmbH' });

    expect(answer.body).toEqual(customer);
  });

  it('may come in any pieces, also through the middle of a character', async () => {
    const customer = { ...CUSTOMER, name: '😀 税' };
    bff.upstream.answer = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      for (const byte of Buffer.from(JSON.stringify(customer))) response.write(Buffer.from([byte]));
      response.end();
    };
    const answer = await bff.patch({ name: '😀 税' });

    expect(answer).toMatchObject({ status: 200, body: customer });
  });

  it('may come behind interim answers', async () => {
    bff.upstream.answer = (_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      answerJson(response, 200, CUSTOMER);
    };
    const answer = await bff.patch({ name: 'Acme GmbH' });

    expect(answer).toMatchObject({ status: 200, body: CUSTOMER });
  });

  it('may fill the mebibyte that is read', async () => {
    bff.upstream.answerWith(200, JSON.stringify(CUSTOMER).padEnd(1024 * 1024, ' '));
    const answer = await bff.patch({ name: 'Acme GmbH' });

    expect(answer).toMatchObject({ status: 200, body: CUSTOMER });
  });

  it('passes on none of the billing API’s own headers', async () => {
    bff.upstream.answerWith(200, CUSTOMER, {
      'Set-Cookie': 'session=1',
      'X-Powered-By': 'billing',
      Server: 'billing/1',
      'X-Request-Id': 'theirs',
      ETag: '"theirs"',
      'Access-Control-Allow-Origin': '*',
    });
    const answer = await bff.patch({ name: 'Acme GmbH' });

    expect(answer.headers.has('set-cookie')).toBe(false);
    expect(answer.headers.has('x-powered-by')).toBe(false);
    expect(answer.headers.has('server')).toBe(false);
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    expect(answer.headers.get('x-request-id')).not.toBe('theirs');
    expect(answer.headers.get('etag')).not.toBe('"theirs"');
  });

  it('is recorded as applied, field by field as far as the answer shows it', async () => {
    const own = await startBff({ settings: SETTINGS });
    try {
      own.upstream.answerWith(200, { ...CUSTOMER, name: 'Acme', custom_taxes: [taxOf(20.5)], phone: null });
      const answer = await own.patch({
        name: 'Acme',
        phone: '+49 30 123456',
        is_tax_exempt: true,
        custom_taxes: [taxOf('20.50')],
      });

      expect(answer.status).toBe(200);
      const [intent, outcome] = await own.events(2);
      expect(intent).toMatchObject({ phase: 'intent', outcome: 'pending', status: null });
      expect(outcome).toMatchObject({
        phase: 'outcome',
        outcome: 'applied',
        status: 200,
        operation_id: answer.headers.get('x-operation-id'),
        target: { ref: CUSTOMER.id, customer_id: CUSTOMER.id },
        upstream: { status: 200, attempts: 1, duration_ms: expect.any(Number) as unknown },
      });
      const changes = outcome?.['changes'] as { field: string; effect: string }[];
      expect(Object.fromEntries(changes.map(({ field, effect }) => [field, effect]))).toMatchObject({
        name: 'applied',
        custom_taxes: 'applied',
        is_tax_exempt: 'unverifiable',
      });
      expect(changes.find(({ field }) => field === 'phone')?.effect).not.toBe('applied');
    } finally {
      await own.stop();
    }
  });
});
