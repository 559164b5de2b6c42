import { ACME_TOKEN, startBff, type TestBff } from './support/start-bff.js';
import { CUSTOMER } from './support/upstream.js';

/** As it is before: every field is another one. */
const BEFORE = { ...CUSTOMER, name: 'Acme', currency: 'USD', invoicing_entity_id: 'ive_1' };

const SEED_PATCH = {
  alias: 'acme-berlin',
  billing_address: {
    city: 'Berlin',
    country: 'US',
    line1: 'Main Street 1',
    line2: '2nd floor',
    state: 'BE',
    zip_code: '10115',
  },
  billing_email: 'billing@acme.test',
  currency: 'EUR',
  custom_taxes: [{ name: 'City tax', rate: '20.5', tax_code: 'CITY' }],
  invoicing_emails: ['invoices@acme.test'],
  invoicing_entity_id: 'ive_7n42DGM5Tflk9n8mt7Fhc7',
  is_tax_exempt: true,
  name: 'Acme GmbH',
  phone: '+49 30 123456 ext. 7',
  shipping_address: {
    same_as_billing: true,
    address: {
      city: 'Hamburg',
      country: 'US',
      line1: 'Harbour 5',
      line2: 'Gate B',
      state: 'HH',
      zip_code: '20457',
    },
  },
  vat_number: 'DE123456789',
};

describe('the seed’s patch', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff();
  });
  afterAll(() => bff.stop());

  it('arrives with all twelve fields as sent, with the tenant’s token, and is answered with the customer', async () => {
    bff.upstream.readAs(BEFORE, (request, response) => {
      const { is_tax_exempt: _, ...patch } = JSON.parse(request.text) as typeof SEED_PATCH;
      response.setHeader('Content-Type', 'application/json');
      const custom_taxes = [{ name: 'City tax', rate: 20.5, tax_code: 'CITY' }];
      response.end(JSON.stringify({ ...CUSTOMER, ...patch, custom_taxes, connected_account_id: null }));
    });
    const answer = await bff.patch(SEED_PATCH, { 'X-Request-Id': 'req-1' });

    const { is_tax_exempt: _, ...shown } = SEED_PATCH;
    expect(answer.body).toEqual({ ...CUSTOMER, ...shown, connected_account_id: null });
    expect(answer.status).toBe(200);
    const url = `/api/v1/customers/${CUSTOMER.id}`;
    expect(bff.upstream.requests).toMatchObject([
      { method: 'GET', url, text: '' },
      { method: 'PATCH', url },
    ]);
    const [read, request] = bff.upstream.requests;
    expect(read?.headers.authorization).toBe(`Bearer ${ACME_TOKEN}`);
    expect(JSON.parse(request?.text ?? '')).toEqual(SEED_PATCH);
    expect(request?.headers.authorization).toBe(`Bearer ${ACME_TOKEN}`);
  });
});
