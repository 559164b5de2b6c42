// The callers: frontends and services that patch and read customers, auditors and an operator, all of them all the time.
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CUSTOMERS } from './billing-api.mjs';

/** Milliseconds between an answer and the next request of a caller, on average. */
const PAUSE = 600;
/** Milliseconds between two tries of a change with an idempotency key, unless the answer says more; and the tries. */
const TRY_EVERY = 1_000;
const TRIES = 40;
const API = '/api/v1';

const pick = (values) => values[Math.floor(Math.random() * values.length)];
let turn = 0;
const mark = () => `${process.pid}-${(turn += 1)}`;

/** @returns what ends them, once each has its last answer */
export function startCallers({ requests, ledger, identityProvider, billing, tenants, checkpoints }) {
  let over = false;
  const callers = [];
  const start = (kind, identity, step) => {
    const token = identityProvider.caller(identity);
    const send = (of) => requests.send({ token, ...of });
    const run = async () => {
      while (!over) {
        await sleep(Math.random() * 2 * PAUSE);
        await step(send);
      }
    };
    callers.push(run());
  };
  for (const tenant of tenants) {
    const world = { ledger, tenant, customers: billing.customersOf(tenant), checkpoints };
    for (const [kind, { scope, step }] of Object.entries(KINDS))
      start(kind, { sub: `${kind}-of-${tenant}`, scope, tenant }, step(world));
  }
  start('operator', { sub: 'operator', scope: 'tenants:admin tenants:any' }, (send) =>
    send({ path: `${API}/tenants` }),
  );
  return async () => {
    over = true;
    await Promise.all(callers);
  };
}

const WRITES = 'customers:read customers:write';

/** What one caller of a tenant does again and again. */
const KINDS = {
  form: { scope: WRITES, step: patchesByForm },
  service: { scope: WRITES, step: patchesOnce },
  editor: { scope: WRITES, step: patchesWhatItRead },
  undoer: { scope: WRITES, step: setsBack },
  repeater: { scope: WRITES, step: changesNothing },
  reader: { scope: 'customers:read', step: reads },
  planner: { scope: WRITES, step: previews },
  auditor: { scope: 'audit:read', step: audits },
};

const customerOf = ({ customers }) => pick(customers).id;
const pathOf = (ref) => `${API}/customers/${encodeURIComponent(ref)}`;

/** Fields beside the name, which is different in every patch and tells one from another. */
function freshFields() {
  const own = mark();
  const address = { line1: `Main Street ${own}`, city: 'Berlin', zip_code: '10115', country: 'DE' };
  const others = [
    { billing_email: `billing-${own}@acme.example` },
    { invoicing_emails: [`one-${own}@acme.example`, `two-${own}@acme.example`] },
    { billing_address: address, is_tax_exempt: Math.random() < 0.5 },
    { custom_taxes: [{ name: `Tax ${own}`, tax_code: 'CITY', rate: '2.5' }] },
    { alias: `alias-${own}` },
    { vat_number: `DE${own.replace('-', '')}` },
    {},
  ];
  return { name: `Acme ${own}`, ...pick(others) };
}

function acknowledge({ ledger, tenant }, { status, headers }) {
  if (status === 200) ledger.acknowledged.push({ tenant, operation: headers['x-operation-id'] });
}

/** Once, without a key; then it looks how an unknown outcome ended. */
function patchesByForm(world) {
  return async (send) => {
    const answer = await send({ method: 'PATCH', path: pathOf(customerOf(world)), body: freshFields() });
    acknowledge(world, answer);
    await lookAt(send, answer);
  };
}

function lookAt(send, { problem }) {
  if (problem?.outcome !== 'unknown') return undefined;
  return send({ path: `${API}/operations/${problem.operation_id}?wait=5` });
}

/** The first try, whose answer was lost, still runs, or was not proven to have been applied or not. */
const OF_EARLIER_TRY = ['409 idempotency-in-flight', '502 billing-failed again', '504 billing-timeout again'];

/** With a key, again and again until the answer is certain. */
function patchesOnce(world) {
  return async (send) => {
    const first = world.ledger.now;
    const change = { method: 'PATCH', path: pathOf(customerOf(world)), body: freshFields(), first };
    const headers = { 'idempotency-key': randomUUID() };
    for (let tries = 0; tries < TRIES; tries += 1) {
      const expected = tries === 0 ? [] : OF_EARLIER_TRY;
      const answer = await send({ ...change, headers, expected });
      acknowledge(world, answer);
      if (answer.problem?.outcome === 'unknown') return lookAt(send, answer);
      const isCertain = answer.status < 500 && answer.status !== 409 && answer.status !== 0;
      if (isCertain) return undefined;
      await sleep(Math.max(TRY_EVERY, 1_000 * Number(answer.headers['retry-after'] ?? 0)));
    }
    return undefined;
  };
}

function patchesWhatItRead(world) {
  return async (send) => {
    const path = pathOf(customerOf(world));
    const { status, headers } = await send({ path });
    if (status !== 200) return;
    const conditions = { 'if-match': headers.etag };
    const expected = ['412 precondition-failed'];
    acknowledge(
      world,
      await send({ method: 'PATCH', path, headers: conditions, body: freshFields(), expected }),
    );
  };
}

/** A change, and then back to what it was: nobody else changes the phone. */
function setsBack(world) {
  return async (send) => {
    const path = pathOf(customerOf(world));
    const { status, text } = await send({ path });
    if (status !== 200) return;
    const before = JSON.parse(text).phone;
    for (const phone of [`+49 40 ${(turn += 1)}`, before]) {
      const answer = await send({ method: 'PATCH', path, body: { phone } });
      acknowledge(world, answer);
    }
  };
}

function changesNothing(world) {
  return async (send) => {
    const body = { currency: 'EUR' };
    acknowledge(world, await send({ method: 'PATCH', path: pathOf(customerOf(world)), body }));
  };
}

/** An alias may be another's, or nobody's, when it is used. */
function reads({ customers }) {
  const byAlias = () => ({ path: pathOf(pick(customers).alias), expected: ['404 customer-not-found'] });
  return (send) =>
    send(
      pick([
        { path: pathOf(pick(customers).id) },
        byAlias(),
        { path: `${API}/customers?search=Acme&per_page=${CUSTOMERS}&order_by=name.asc` },
      ]),
    );
}

function previews(world) {
  return (send) =>
    send({ method: 'POST', path: `${pathOf(customerOf(world))}/preview`, body: freshFields() });
}

/** Pages and single events, proofs, checkpoints that are kept outside, and exports of what came since the last one. */
function audits({ tenant, customers, checkpoints }) {
  let exported;
  const list = async (send) => {
    const filter = pick([
      'limit=50',
      'outcome=applied',
      'action=customer.patch',
      `customer=${pick(customers).id}`,
    ]);
    const { status, text } = await send({ path: `${API}/audit-events?${filter}` });
    if (status !== 200) return;
    const event = JSON.parse(text).data.find(({ leaf_index }) => leaf_index !== null);
    if (event === undefined) return;
    await send({ path: `${API}/audit-events/${event.id}` });
    await send({ path: `${API}/audit-events/${event.id}/proof`, expected: ['409 not-sealed'] });
  };
  const checkpoint = async (send) => {
    const { status, text } = await send({ path: `${API}/audit-log/checkpoint`, expected: ['404 not-found'] });
    if (status === 200) appendFileSync(checkpoints(tenant), `${text}\n`);
  };
  const exportSince = async (send) => {
    const { label, text } = await send({
      path: `${API}/audit-events${exported === undefined ? '' : `?after_leaf=${exported - 1}`}`,
      headers: { accept: 'application/x-ndjson' },
      expected: ['409 not-sealed'],
      sees: (lines) => 'end' in JSON.parse(lines.trimEnd().split('\n').at(-1)),
    });
    if (label === '200') exported = JSON.parse(text.slice(0, text.indexOf('\n'))).export.to_leaf;
  };
  return (send) => pick([list, list, checkpoint, exportSince])(send);
}
