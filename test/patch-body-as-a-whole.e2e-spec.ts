import { GLOBEX_TOKEN, startBff, type TestBff } from './support/start-bff.js';
import { faultsOf, pointersOf } from './support/test-answer.js';

const SETTINGS = { CUSTOMER_PRE_READ: 'never', RATE_LIMIT_PER_MINUTE: '1000000' };

describe('the patch body as a whole', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
  });
  beforeEach(() => {
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  it.each([
    ['an empty object', '{}'],
    ['a spaced empty object', ' {\n} '],
    ['null', 'null'],
    ['a list', '[]'],
    ['a list of a patch', '[{"name":"a"}]'],
    ['text', '"name"'],
    ['a number', '0'],
    ['a boolean', 'true'],
  ])('is refused at its root: %s', async (_what, text) => {
    const answer = await bff.patch(text);

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      type: 'urn:billing-bff:problem:validation-failed',
      code: 'BAD_REQUEST',
    });
    expect(pointersOf(answer)).toEqual(['#']);
    expect(bff.upstream.requests).toEqual([]);
  });

  it('names every fault at once, each once and with its pointer', async () => {
    const tax = { name: '', tax_code: null, rate: '1e2', extra: 1 };
    const answer = await bff.patch({
      name: ' ',
      alias: 'cus_1',
      billing_email: 'nobody',
      invoicing_emails: ['a@acme.test', null, 'b', 7],
      phone: '12',
      currency: 'eur',
      invoicing_entity_id: 'ive_',
      is_tax_exempt: 'yes',
      vat_number: '-',
      custom_taxes: [tax, null, { name: 'a', tax_code: 'b' }],
      billing_address: { line1: null, country: 'xx', street: 'Main' },
      shipping_address: { address: { zip_code: 10115, toString: 'x' } },
      colour: 'red',
    });

    expect(answer.status).toBe(400);
    expect(pointersOf(answer).sort()).toEqual(
      [
        ...['#/name', '#/alias', '#/billing_email', '#/phone', '#/currency', '#/invoicing_entity_id'],
        ...['#/is_tax_exempt', '#/vat_number', '#/colour'],
        ...['#/invoicing_emails/1', '#/invoicing_emails/2', '#/invoicing_emails/3'],
        ...[
          '#/custom_taxes/0/name',
          '#/custom_taxes/0/tax_code',
          '#/custom_taxes/0/rate',
          '#/custom_taxes/0/extra',
        ],
        ...['#/custom_taxes/1', '#/custom_taxes/2/rate'],
        ...['#/billing_address/line1', '#/billing_address/country', '#/billing_address/street'],
        ...['#/shipping_address/same_as_billing', '#/shipping_address/address/zip_code'],
        '#/shipping_address/address/toString',
      ].sort(),
    );
    expect(bff.upstream.requests).toEqual([]);
  });

  it('names a list that is too long, and does not look at what is within it', async () => {
    const tax = { name: 'a', tax_code: 'b', rate: '1' };
    const answer = await bff.patch({
      custom_taxes: [...Array.from({ length: 50 }, () => tax), { ...tax, rate: '-1' }],
      invoicing_emails: [...Array.from({ length: 100 }, () => 'a@acme.test'), 'nobody'],
    });

    expect(answer.status).toBe(400);
    expect(pointersOf(answer)).toEqual(['#/invoicing_emails', '#/custom_taxes']);
    expect(bff.upstream.requests).toEqual([]);
  });

  it('names a hundred faults at most, and says that there are more', async () => {
    const answer = await bff.patch(`{"custom_taxes":[${Array(50).fill('{}').join(',')}]}`);

    const detail = '/custom_taxes/0/name is required; and at least 100 more faults.';
    expect(answer.body).toMatchObject({ status: 400, detail, message: detail, errors_truncated: true });
    expect(faultsOf(answer)).toHaveLength(100);
  });

  it.each([
    [
      'a zero width space',
      { billing_email: 'ap@acme.test\u200b' },
      '#/billing_email',
      'U+200B at position 13',
    ],
    [
      'a soft hyphen',
      { invoicing_emails: ['a@b.co', 'c\u00adfo@b.co'] },
      '#/invoicing_emails/1',
      'U+00AD at position 2',
    ],
    ['an override', { name: '😀 Acme \u202eDTL' }, '#/name', 'U+202E at position 8'],
    ['a line break', { name: 'a\nb' }, '#/name', 'U+000A at position 2'],
    ['a lone surrogate', { name: '😀\ud83d' }, '#/name', 'U+D83D at position 2'],
    ['a no-break space', { vat_number: 'DE\u00a0123456789' }, '#/vat_number', 'U+00A0 at position 3'],
    ['a letter', { phone: '٠٣٠ 123456' }, '#/phone', 'U+0660 at position 1'],
    ['a backslash', { alias: 'a\\b' }, '#/alias', 'U+005C at position 2'],
    [
      'a comma',
      { custom_taxes: [{ name: 'a', tax_code: 'b', rate: '20,5' }] },
      '#/custom_taxes/0/rate',
      'U+002C at position 3',
    ],
  ])('names the character that is refused: %s', async (_what, body, pointer, says) => {
    const answer = await bff.patch(body);

    expect(faultsOf(answer)).toEqual([
      {
        pointer,
        code: expect.any(String) as unknown,
        detail: expect.stringMatching(`: ${says.replace('+', '\\+')}$`) as unknown,
      },
    ]);
    expect((answer.body as { detail: string }).detail).toContain(says);
  });

  it('says of each fault a stable code and a detail, and quotes no value', async () => {
    const secret = 'S3CR3T-VALUE';
    const answer = await bff.patch({
      billing_email: secret,
      alias: `cus_${secret}`,
      phone: secret,
      currency: secret,
    });

    const errors = faultsOf(answer);
    expect(errors).toHaveLength(4);
    for (const { code, detail } of errors) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(detail.length).toBeGreaterThan(0);
    }
    expect(JSON.stringify(answer.body)).not.toContain(secret);
    expect(bff.logs()).not.toContain(secret);
  });

  it.each([
    ['lists', `{"name":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, '#/name'],
    ['objects', `{"billing_address":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`, '#/billing_address'],
    ['lists of an unknown field', `{"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, '#/x'],
    [
      'e-mail addresses',
      `{"invoicing_emails":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
      '#/invoicing_emails',
    ],
    ['taxes', `{"custom_taxes":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, '#/custom_taxes'],
    ['the root', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, '#'],
  ])('nested tens of thousands of levels deep is refused, nothing sent: %s', async (_what, text, place) => {
    const answer = await bff.patch(text);

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ type: 'urn:billing-bff:problem:validation-failed' });
    expect(pointersOf(answer).every((pointer) => pointer.startsWith(place))).toBe(true);
    expect(pointersOf(answer).length).toBeGreaterThan(0);
    expect(bff.upstream.requests).toEqual([]);
  });

  it('nested too deep is named together with the other faults', async () => {
    const answer = await bff.patch(`{"currency":"eur","name":${'['.repeat(100)}${']'.repeat(100)}}`);

    expect(answer.status).toBe(400);
    const fields = pointersOf(answer).map((pointer) => pointer.split('/')[1]);
    expect([...new Set(fields)].sort()).toEqual(['currency', 'name']);
  });

  it('that fills 64 KiB travels whole', async () => {
    const address = 'a'.repeat(255);
    const tax = { name: '税'.repeat(255), tax_code: 'b'.repeat(255), rate: '1' };
    const body = {
      custom_taxes: Array.from({ length: 50 }, () => tax),
      billing_address: { line1: address, line2: address },
    };
    const answer = await bff.patch(body);

    expect(answer.status).toBe(200);
    expect(bff.upstream.requests.map(({ text }) => JSON.parse(text) as unknown)).toEqual([body]);
  });

  describe('with an invoicing entity, of a tenant that has a list of them', () => {
    const asGlobex = async (body: unknown): ReturnType<TestBff['patch']> =>
      bff.patch(body, { Authorization: `Bearer ${await bff.idp.token({ tenant_id: 'globex' })}` });

    it('travels with the tenant’s own token when it is on the list', async () => {
      const answer = await asGlobex({ invoicing_entity_id: 'ive_1' });

      expect(answer.status).toBe(200);
      expect(bff.upstream.requests).toHaveLength(1);
      expect(bff.upstream.requests[0]).toMatchObject({
        text: '{"invoicing_entity_id":"ive_1"}',
        headers: { authorization: `Bearer ${GLOBEX_TOKEN}` },
      });
    });

    it.each(['ive_2', 'ive_11', 'ive_'])('is refused once when it is not: %s', async (id) => {
      const answer = await asGlobex({ invoicing_entity_id: id, name: 'a' });

      expect(answer.status).toBe(400);
      expect(pointersOf(answer)).toEqual(['#/invoicing_entity_id']);
      expect(bff.upstream.requests).toEqual([]);
    });

    it('is named together with the other faults', async () => {
      const answer = await asGlobex({ invoicing_entity_id: 'ive_2', name: null });

      expect(pointersOf(answer).sort()).toEqual(['#/invoicing_entity_id', '#/name']);
    });
  });

  it('says of a null how the field keeps its value only where that is so', async () => {
    const answer = await bff.patch({
      phone: null,
      billing_address: { line1: null },
      invoicing_emails: [null],
      custom_taxes: [{ name: null, tax_code: 'a', rate: '1' }],
    });
    const details = faultsOf(answer).map(({ pointer, detail }) => [pointer, detail]);
    expect(Object.fromEntries(details)).toEqual({
      '#/phone': 'may not be null; leave the field out to keep its value',
      '#/billing_address/line1': 'may not be null',
      '#/invoicing_emails/0': 'may not be null',
      '#/custom_taxes/0/name': 'may not be null',
    });
  });
});
