import { customerAnswer, newCustomer } from '../sandbox/billing-customer.js';
import { ADA, BARE } from '../sandbox/billing-fixture.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { answerJson } from './support/upstream.js';

/** Throws unless the value is what it reads. */
type Decode = (value: unknown, at: string) => void;

const text = typed('string');
const flag = typed('boolean');
const count = typed('number');
const decimal: Decode = (value, at) => {
  if (typeof value !== 'string' || !/^\d+(\.\d+)?$/.test(value)) throw new Error(`${at}: not a decimal`);
};

const ADDRESS = { line1: text, line2: text, city: text, state: text, zip_code: text, country: text };

/**
 * A Customer as the newest client of the billing API reads it (U12): it throws if a member is missing, of another type,
 * or null where that is not foreseen.
 */
const decodeCustomer = record(
  {
    ...{ id: text, name: text, currency: text, invoicing_entity_id: text },
    ...{
      alias: nullable(text),
      billing_email: nullable(text),
      phone: nullable(text),
      vat_number: nullable(text),
    },
    invoicing_emails: list(text),
    custom_taxes: list(record({ name: text, tax_code: text, rate: decimal })),
    billing_address: nullable(record({}, ADDRESS)),
    shipping_address: nullable(record({ same_as_billing: flag }, { address: record({}, ADDRESS) })),
    preferred_locales: list(text),
    custom_properties: record({}),
  },
  { connected_account_id: nullable(text), customer_type: text },
);
const decodeList = record({
  data: list(decodeCustomer),
  pagination_meta: record({ page: count, per_page: count, total_items: count, total_pages: count }),
});

const FULL = newCustomer({
  ...ADA,
  shipping_address: { same_as_billing: false, address: { city: 'Bonn', country: 'DE' } },
});

let bff: TestBff;
let headers: Record<string, string>;
beforeAll(async () => {
  bff = await startBff();
  headers = { Authorization: `Bearer ${await bff.idp.token({ scope: 'customers:write customers:read' })}` };
});
afterAll(() => bff.stop());

describe.each([
  ['with every member set', FULL],
  ['with nothing set', BARE],
])('a customer %s is read by the billing API’s own client', (_, customer) => {
  const path = `/api/v1/customers/${customer.id}`;
  beforeEach(() => {
    bff.upstream.answer = (request, response) => {
      const patch = request.method === 'PATCH' ? (JSON.parse(request.text) as object) : {};
      answerJson(response, 200, customerAnswer({ ...customer, ...patch }));
    };
  });

  it.each([
    ['PATCH', { name: 'Ada Lovelace' }],
    ['PATCH, unchanged', { name: customer.name }],
    ['GET', undefined],
  ])('%s', async (method, body) => {
    const answer = await bff.send(method.slice(0, method === 'GET' ? 3 : 5), path, body, headers);
    expect(answer.status).toBe(200);
    decodeCustomer(answer.body, 'customer');
  });

  it('the preview', async () => {
    const answer = await bff.send('POST', `${path}/preview`, { name: 'Ada Lovelace' }, headers);
    expect(answer.status).toBe(200);
    decodeCustomer((answer.body as { customer: unknown }).customer, 'customer');
  });

  it('the list', async () => {
    const pagination_meta = { page: 0, per_page: 10, total_items: 1, total_pages: 1 };
    bff.upstream.answerWith(200, { data: [customerAnswer(customer)], pagination_meta });
    const answer = await bff.send('GET', '/api/v1/customers', undefined, headers);
    expect(answer.status).toBe(200);
    decodeList(answer.body, 'list');
  });

  it('unless a member that it requires is missing', () => {
    for (const name of ['preferred_locales', 'custom_properties', 'alias']) {
      const { [name]: _left, ...others } = customerAnswer(customer);
      expect(() => {
        decodeCustomer({ ...others, custom_taxes: [] }, 'customer');
      }).toThrow(`customer.${name}`);
    }
  });
});

function typed(type: string): Decode {
  return (value, at) => {
    if (typeof value !== type) throw new Error(`${at}: not a ${type}`);
  };
}

function nullable(decode: Decode): Decode {
  return (value, at) => {
    if (value !== null) decode(value, at);
  };
}

function list(decode: Decode): Decode {
  return (value, at) => {
    if (!Array.isArray(value)) throw new Error(`${at}: not a list`);
    for (const [place, item] of value.entries()) decode(item, `${at}[${place}]`);
  };
}

function record(required: Record<string, Decode>, optional: Record<string, Decode> = {}): Decode {
  return (value, at) => {
    if (typeof value !== 'object' || value === null) throw new Error(`${at}: not an object`);
    const given = new Map<string, unknown>(Object.entries(value));
    for (const [name, decode] of Object.entries(required)) decode(given.get(name), `${at}.${name}`);
    for (const [name, decode] of Object.entries(optional))
      if (given.has(name)) decode(given.get(name), `${at}.${name}`);
  };
}
