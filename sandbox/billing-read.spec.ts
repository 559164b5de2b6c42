import { type BillingApi, startBillingApi } from './billing-api.js';
import { ADA, ADA_ANSWER, BARE, call, NOT_FOUND, NOW, ok, TENANTS, UNAUTHORIZED } from './billing-fixture.js';

let api: BillingApi;
beforeEach(async () => {
  api = await startBillingApi({ tenants: TENANTS, now: () => NOW });
});
afterEach(() => api.close());

it('answers the Customer by id and by alias, rates as numbers, without is_tax_exempt (U2, U11)', async () => {
  expect(await call(api, ADA.id)).toEqual(ok(ADA_ANSWER));
  expect(await call(api, 'ada')).toEqual(ok(ADA_ANSWER));
});

it('answers null for what is unset, and finds an archived customer (U12, U17)', async () => {
  expect(await call(api, 'cus_2')).toEqual(
    ok({
      id: 'cus_2',
      name: 'Bare',
      alias: null,
      billing_email: null,
      invoicing_emails: [],
      phone: null,
      billing_address: null,
      shipping_address: null,
      currency: 'EUR',
      custom_taxes: [],
      invoicing_entity_id: 'ive_1',
      vat_number: null,
      connected_account_id: null,
      preferred_locales: [],
      custom_properties: {},
      customer_type: 'BUSINESS',
    }),
  );
});

it('shows a token only its own tenant, which it finds by the token alone', async () => {
  expect(await call(api, ADA.id, { token: 'globex-token' })).toEqual(NOT_FOUND);
  expect(await call(api, 'ada', { token: 'globex-token' })).toMatchObject({
    status: 200,
    body: { id: 'cus_3' },
  });
});

it('refuses an unknown token and a missing one', async () => {
  expect(await call(api, ADA.id, { token: 'other' })).toEqual(UNAUTHORIZED);
  expect(await call(api, ADA.id, { headers: { authorization: '' } })).toEqual(UNAUTHORIZED);
});

it('reads an id with leading zeros as the same number, and one over 128 bit as an alias (U8, U13)', async () => {
  const tooLarge = 'cus_7n42DGM5Tflk9n8mt7Fhc8';
  api.putCustomer('acme', { ...BARE, alias: tooLarge });
  expect(await call(api, 'cus_0002')).toMatchObject({ status: 200, body: { id: 'cus_2' } });
  expect(await call(api, tooLarge)).toMatchObject({ status: 200, body: { id: 'cus_2' } });
});

it('refuses a path with a space, one that is not UTF-8, and an empty one (U8)', async () => {
  const invalid = {
    status: 400,
    type: 'text/plain; charset=utf-8',
    body: 'Invalid URL: the customer id or alias is not valid',
  };
  expect(await call(api, 'a%20b')).toEqual(invalid);
  expect(await call(api, 'a%FFb')).toEqual(invalid);
  expect(await call(api, '')).toEqual({ status: 404, type: null, body: '' });
});

it('knows no other method', async () => {
  expect(await call(api, ADA.id, { method: 'DELETE' })).toEqual({ status: 405, type: null, body: '' });
});
