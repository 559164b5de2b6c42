// A billing API that keeps state, remembers what it applied, and can be told to fail.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { URLSearchParams } from 'node:url';
import { answer, undoLater } from '../bench/harness.mjs';

const ENTITY = 'ive_7n42DGM5Tflk9n8mt7Fhc7';
export const CUSTOMERS = 8;
/** Milliseconds. */
const QUICK = 3;
/** Of the slow one: up to so many milliseconds for a read and for a patch. The service waits for five seconds. */
const SLOW = { GET: 2_500, PATCH: 9_000 };
/** Of the lying one: the share of the patches that are applied and answered 503. */
const LIES = 0.6;

const failure = (code, message) => ({ code, message });

/** @param tenants ids */
export async function startBillingApi(tenants) {
  /** Tenant by token. */
  const holders = new Map();
  const customers = new Map(tenants.map((tenant) => [tenant, customersOf(tenant)]));
  /** What was applied, oldest first: operation, tenant, customer, fields. */
  const record = [];
  let mood = 'well';
  let busy = 0;

  async function handle(request, response, text) {
    const tenant = holders.get((request.headers.authorization ?? '').replace(/^Bearer /, ''));
    if (tenant === undefined) return answer(response, failure('UNAUTHORIZED', 'Invalid API token'), 401);
    const [path, query] = request.url.split('?');
    const known = customers.get(tenant);
    if (path === '/api/v1/customers') return answer(response, listOf(known, new URLSearchParams(query)));
    const ref = decodeURIComponent(path.slice('/api/v1/customers/'.length));
    const customer = known.find(({ id, alias }) => id === ref || alias === ref);
    if (customer === undefined) return answer(response, failure('NOT_FOUND', 'Customer not found'), 404);
    if (request.method === 'GET') return answer(response, shown(customer));
    const fields = JSON.parse(text);
    if (known.some((other) => other !== customer && other.alias === (fields.alias ?? 0)))
      return answer(response, failure('CONFLICT', 'A customer with this alias already exists'), 409);
    Object.assign(customer, fields);
    record.push({ operation: request.headers['idempotency-key'], tenant, customer: customer.id, fields });
    if (mood === 'lying' && Math.random() < LIES) {
      response.setHeader('retry-after', '1');
      return answer(response, failure('INTERNAL_SERVER_ERROR', 'Come back later'), 503);
    }
    answer(response, shown(customer));
  }

  /** A slow one does half of its work before it waits, and half when nobody listens any more. */
  async function receive(request, response, text) {
    const slow = mood === 'slow' ? Math.random() * SLOW[request.method] : QUICK;
    const afterwards = Math.random() < 0.5;
    busy += 1;
    try {
      if (afterwards) await sleep(slow);
      const held = afterwards ? undefined : holdBack(response);
      await handle(request, response, text);
      if (held !== undefined) await sleep(slow).then(held);
    } finally {
      busy -= 1;
    }
  }

  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => void receive(request, response, Buffer.concat(chunks).toString()));
  });
  server.keepAliveTimeout = 3_600_000;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const down = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  undoLater(() => server.listening && down());
  return {
    url: `http://127.0.0.1:${port}`,
    record,
    customersOf: (tenant) => customers.get(tenant),
    accept: (token, tenant) => holders.set(token, tenant),
    refuse: (token) => holders.delete(token),
    /** @param next well, slow or lying */
    become: (next) => (mood = next),
    down,
    async up() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    idle: () => busy === 0,
  };
}

/** @returns what sends the answer that is made meanwhile */
function holdBack(response) {
  const end = response.end.bind(response);
  let ending = () => undefined;
  response.end = (text) => (ending = () => end(text));
  return () => ending();
}

function customersOf(tenant) {
  return Array.from({ length: CUSTOMERS }, (_, n) => ({
    id: `cus_${Buffer.from(tenant).toString('hex').slice(0, 8)}${n + 1}`,
    name: `Customer ${n}`,
    alias: `first-${tenant}-${n}`,
    billing_email: null,
    invoicing_emails: [],
    phone: `+49 30 ${1_000 + n}`,
    currency: 'EUR',
    invoicing_entity_id: ENTITY,
    vat_number: null,
    custom_taxes: [],
    billing_address: null,
    shipping_address: null,
  }));
}

/** Without what is never shown (U2). */
function shown(stored) {
  const customer = { ...stored };
  delete customer.is_tax_exempt;
  const custom_taxes = customer.custom_taxes.map((tax) => ({ ...tax, rate: Number(tax.rate) }));
  return { ...customer, custom_taxes };
}

function listOf(customers, query) {
  const per_page = Number(query.get('per_page') ?? 10);
  const data = customers.slice(0, per_page).map(shown);
  const total_items = customers.length;
  return {
    data,
    pagination_meta: { page: 0, per_page, total_items, total_pages: Math.ceil(total_items / per_page) },
  };
}
