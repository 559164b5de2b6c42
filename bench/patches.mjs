// The patch that costs are measured with, the billing API's answers to it, and its load.
import { fork } from 'node:child_process';
import { answer, undoLater } from './harness.mjs';

const CONNECTIONS = 64;

/** The twelve fields of the contract. */
const ADDRESS = {
  line1: 'Main Street 1',
  line2: '2nd floor',
  city: 'Berlin',
  state: 'BE',
  zip_code: '10115',
  country: 'DE',
};
const PATCH = {
  alias: 'acme',
  billing_address: ADDRESS,
  billing_email: 'billing@acme.example',
  currency: 'EUR',
  custom_taxes: [{ name: 'City tax', rate: '2.5', tax_code: 'CITY' }],
  invoicing_emails: ['invoices@acme.example'],
  invoicing_entity_id: 'ive_7n42DGM5Tflk9n8mt7Fhc7',
  is_tax_exempt: true,
  name: 'Acme GmbH',
  phone: '+49 30 1234567',
  shipping_address: { same_as_billing: false, address: ADDRESS },
  vat_number: 'DE123456789',
};
const CUSTOMER_ID = 'cus_7n42DGM5Tflk9n8mt7Fhc7';
/** Before any patch: other in every field. */
export const BEFORE = {
  id: CUSTOMER_ID,
  ...{ name: 'Globex', alias: 'globex', billing_email: 'old@globex.example', currency: 'USD' },
  ...{ invoicing_emails: ['old@globex.example'], invoicing_entity_id: 'ive_1', phone: '+1 212 555 0100' },
  ...{ vat_number: 'FR12345678901', custom_taxes: [], billing_address: null, shipping_address: null },
};

export function handleBilling({ method }, response, body) {
  if (method === 'GET') return answer(response, BEFORE);
  const shown = { ...BEFORE, ...JSON.parse(body) };
  delete shown.is_tax_exempt;
  answer(response, shown);
}

/** @param keyed whether each request has an Idempotency-Key of its own */
export function requestWith(headers, keyed = false) {
  return {
    path: `/api/v1/customers/${CUSTOMER_ID}`,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(PATCH),
    keyed,
  };
}

/** The load, in a process of its own; @returns what sends a request for some seconds: all it can, or so many a second */
export async function startLoad() {
  const child = fork(new URL('load.mjs', import.meta.url), [JSON.stringify({ connections: CONNECTIONS })]);
  undoLater(() => child.kill('SIGKILL'));
  const ended = new Promise((_, reject) => child.once('exit', () => reject(new Error('the load ended'))));
  const answered = () => Promise.race([ended, new Promise((resolve) => child.once('message', resolve))]);
  await answered();
  return ({ url, request, seconds, perSecond }) => {
    child.send({ url, request, seconds, perSecond });
    return answered();
  };
}
