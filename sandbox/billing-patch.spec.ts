import { type BillingApi, startBillingApi } from './billing-api.js';
import { ADA, ADA_ANSWER, BARE, call, error, NOT_FOUND, NOW, ok, patch, TENANTS } from './billing-fixture.js';

let api: BillingApi;
beforeEach(async () => {
  api = await startBillingApi({ tenants: TENANTS, now: () => NOW });
});
afterEach(() => api.close());

const ALL = {
  alias: 'lovelace',
  billing_address: { line1: 'L1', line2: 'L2', city: 'C', state: 'S', zip_code: 'Z', country: 'US' },
  billing_email: 'new@acme.test',
  currency: 'USD',
  custom_taxes: [{ name: 'GST', tax_code: 'G', rate: '5.25' }],
  invoicing_emails: ['new@acme.test'],
  invoicing_entity_id: 'ive_7n42DGM5Tflk9n8mt7Fhc7',
  name: 'Ada Lovelace',
  phone: '+44 20 7946 0000',
  shipping_address: { same_as_billing: false, address: { city: 'London', country: 'GB' } },
  vat_number: 'GB1',
};

it('stores all twelve fields and answers the customer as it is now', async () => {
  const answer = { ...ADA_ANSWER, ...ALL, custom_taxes: [{ name: 'GST', tax_code: 'G', rate: 5.25 }] };
  expect(await patch(api, ADA.id, { ...ALL, is_tax_exempt: false })).toEqual(ok(answer));
  expect(await call(api, ADA.id)).toEqual(ok(answer));
  expect(api.customer('acme', ADA.id)).toEqual({
    ...ADA,
    ...ALL,
    is_tax_exempt: false,
    vat_validation: 'pending',
  });
});

it('takes null for absent, at any depth, and changes nothing (U1)', async () => {
  const fields = Object.keys({ ...ALL, is_tax_exempt: true });
  expect(await patch(api, ADA.id, Object.fromEntries(fields.map((field) => [field, null])))).toEqual(
    ok(ADA_ANSWER),
  );
  expect(api.customer('acme', ADA.id)).toEqual(ADA);
  expect(await patch(api, ADA.id, { billing_address: { city: 'Bonn', line1: null } })).toMatchObject({
    body: { billing_address: { city: 'Bonn' } },
  });
});

it('stores is_tax_exempt and never answers it (U2)', async () => {
  expect(await patch(api, ADA.id, { is_tax_exempt: false })).toEqual(ok(ADA_ANSWER));
  expect(api.customer('acme', ADA.id)?.is_tax_exempt).toBe(false);
});

it('resets the VAT validation with every vat_number, even the same, and with nothing else (U3)', async () => {
  await patch(api, ADA.id, { name: 'Ada' });
  expect(api.customer('acme', ADA.id)?.vat_validation).toBe('valid');
  await patch(api, ADA.id, { vat_number: 'DE999' });
  expect(api.customer('acme', ADA.id)?.vat_validation).toBe('pending');
});

it('logs an activity under the token name for each patch, even an empty one; a read or a refusal leaves none (U4, U16)', async () => {
  expect(await patch(api, 'ada', {})).toEqual(ok(ADA_ANSWER));
  await call(api, ADA.id);
  await patch(api, ADA.id, { currency: 'JPY' });
  expect(api.activities).toEqual([
    {
      at: '2026-11-22T12:00:00.000Z',
      tenant: 'acme',
      actor: 'bff',
      action: 'customer.updated',
      customer_id: ADA.id,
    },
  ]);
});

it('replaces addresses and lists whole, and empties a list with [] (U5)', async () => {
  const body = {
    billing_address: { city: 'Bonn' },
    shipping_address: { same_as_billing: true },
    custom_taxes: [],
    invoicing_emails: [],
  };
  expect(await patch(api, ADA.id, body)).toEqual(ok({ ...ADA_ANSWER, ...body }));
});

it('drops unknown fields in silence (U6)', async () => {
  expect(await patch(api, ADA.id, { nickname: 'x', billing_address: { city: 'Bonn', planet: 'x' } })).toEqual(
    ok({ ...ADA_ANSWER, billing_address: { city: 'Bonn' } }),
  );
});

it('takes any invoicing entity (U7) and any alias (U8)', async () => {
  for (const alias of ['', 'two words', 'cus_2', '..']) {
    expect(await patch(api, ADA.id, { alias, invoicing_entity_id: 'ive_9' })).toMatchObject({
      status: 200,
      body: { alias, invoicing_entity_id: 'ive_9' },
    });
  }
  expect(await call(api, 'cus_2')).toMatchObject({ body: { id: 'cus_2' } });
});

it('does not find the customer by its old alias (U9)', async () => {
  await patch(api, 'ada', { alias: 'lovelace' });
  expect(await call(api, 'ada')).toEqual(NOT_FOUND);
  expect(await patch(api, 'ada', { name: 'x' })).toEqual(NOT_FOUND);
  expect(await call(api, 'lovelace')).toMatchObject({ status: 200, body: { id: ADA.id } });
});

it('answers 409 to an alias of another customer of the tenant, not to its own or another tenant’s (U10)', async () => {
  expect(await patch(api, 'cus_2', { alias: 'ada' })).toEqual(
    error(409, 'CONFLICT', 'A customer with this alias already exists'),
  );
  expect(api.customer('acme', 'cus_2')).toEqual(BARE);
  expect(await patch(api, ADA.id, { alias: 'ada' })).toEqual(ok(ADA_ANSWER));
  await patch(api, ADA.id, { alias: 'free' });
  expect(await patch(api, 'cus_2', { alias: 'ada' })).toMatchObject({ status: 200, body: { alias: 'ada' } });
});

it('takes only the currencies of the tenant (U17)', async () => {
  expect(await patch(api, ADA.id, { currency: 'JPY' })).toEqual(
    error(400, 'BAD_REQUEST', "Currency JPY is not one of the tenant's currencies"),
  );
  expect(await patch(api, 'cus_3', { currency: 'EUR' }, { token: 'globex-token' })).toMatchObject({
    status: 400,
  });
});

it('takes rates as strings and as numbers, and answers numbers (U11)', async () => {
  const taxes = ['0.00000001', 20.5, '7', '19.123456789012345678901234'].map((rate) => ({
    name: 'n',
    tax_code: 'c',
    rate,
  }));
  expect(await patch(api, ADA.id, { custom_taxes: taxes })).toMatchObject({
    body: {
      custom_taxes: [
        { rate: 1e-8 },
        { rate: 20.5 },
        { rate: 7 },
        { rate: Number('19.123456789012345678901234') },
      ],
    },
  });
});

it('answers its own 500 to what its database cannot store (U10)', async () => {
  expect(await patch(api, ADA.id, { name: 'a\u0000b' })).toEqual(
    error(500, 'INTERNAL_SERVER_ERROR', 'Internal server error'),
  );
  expect(api.customer('acme', ADA.id)).toEqual(ADA);
});

it.each([
  [{ name: 5 }, 'name: invalid type: integer `5`, expected a string'],
  [{ currency: 'XXX' }, 'currency: unknown variant "XXX"'],
  [{ billing_address: { country: 'us' } }, 'billing_address.country: unknown variant "us"'],
  [{ billing_address: [] }, 'billing_address: invalid type: sequence, expected a map'],
  [{ shipping_address: {} }, 'missing field `shipping_address.same_as_billing`'],
  [{ custom_taxes: [{ name: 'n', rate: '1' }] }, 'missing field `custom_taxes[0].tax_code`'],
  [
    { custom_taxes: [{ name: 'n', tax_code: 'c', rate: 'x' }] },
    'custom_taxes[0].rate: invalid value: "x", expected a decimal',
  ],
  [{ invoicing_emails: [null] }, 'invoicing_emails[0]: invalid type: null, expected a string'],
  [{ invoicing_entity_id: 'cus_1' }, 'invoicing_entity_id: invalid value: "cus_1", expected an id'],
  [{ is_tax_exempt: 'true' }, 'is_tax_exempt: invalid type: string "true", expected a boolean'],
  [[], 'body: invalid type: sequence, expected a map'],
])('answers plain-text 422 to %j (U10)', async (body, reason) => {
  expect(await patch(api, ADA.id, body)).toEqual({
    status: 422,
    type: 'text/plain; charset=utf-8',
    body: `Failed to deserialize the JSON body into the target type: ${reason}`,
  });
});

it('answers plain-text 400 to what is not JSON or not UTF-8, and 415 to another type (U10)', async () => {
  const headers = { 'content-type': 'application/json' };
  const notJson = { status: 400, type: 'text/plain; charset=utf-8' };
  expect(await patch(api, ADA.id, {}, { headers, body: '{"name":' })).toMatchObject(notJson);
  expect(await patch(api, ADA.id, {}, { headers, body: new Uint8Array([0x22, 0xff, 0x22]) })).toMatchObject(
    notJson,
  );
  expect(await patch(api, ADA.id, {}, { headers: { 'content-type': 'text/plain' } })).toEqual({
    status: 415,
    type: 'text/plain; charset=utf-8',
    body: 'Expected request with `Content-Type: application/json`',
  });
});

it('refuses a body over 1 MB, and takes one just below (U14)', async () => {
  const sized = (bytes: number): string => `{"name":"Ada"}${' '.repeat(bytes - 14)}`;
  const headers = { 'content-type': 'application/json' };
  expect(await patch(api, ADA.id, {}, { headers, body: sized(1024 * 1024) })).toEqual(ok(ADA_ANSWER));
  expect(await patch(api, ADA.id, {}, { headers, body: sized(1024 * 1024 + 1) })).toEqual({
    status: 413,
    type: 'text/plain; charset=utf-8',
    body: 'Failed to buffer the request body: length limit exceeded',
  });
});
