import type { JWTPayload } from 'jose';
import type { AuditEvent } from '../src/audit/audit-event.js';
import { storeEntries } from '../src/audit/audit-rows.js';
import { read } from './support/audit-log.js';
import { startBff, type StoredEvent, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

type FoundEvent = StoredEvent & { readonly id: string };

interface Page {
  readonly data: readonly FoundEvent[];
  readonly next_cursor: string | null;
}

const DAY = 24 * 60 * 60_000;
const OTHER = 'cus_2';

let bff: TestBff;
/** What the billing API knows: references, and whose they are. */
const aliases = new Map<string, string>();
const aliasOf = new Map<string, string>();
beforeAll(async () => {
  bff = await startBff();
  bff.upstream.answer = ({ method, url, text }, response) => {
    const ref = decodeURIComponent(url.split('/').at(-1) ?? '');
    const id = ref.startsWith('cus_') ? ref : aliases.get(ref);
    if (id === undefined) {
      answerJson(response, 404, { code: 'NOT_FOUND', message: 'no such customer' });
      return;
    }
    const patch = method === 'GET' ? {} : (JSON.parse(text) as { vat_number?: string; alias?: string });
    if (patch.vat_number === 'XX0') {
      answerJson(response, 422, { code: 'BAD_REQUEST', message: 'no such number' });
      return;
    }
    if (patch.alias !== undefined) aliasOf.set(id, patch.alias);
    answerJson(response, 200, { ...CUSTOMER, alias: aliasOf.get(id) ?? null, ...patch, id });
  };
});
afterAll(() => bff.stop());

async function patchAs(sub: string, ref: string, body: object, claims: JWTPayload = {}): Promise<number> {
  const token = await bff.idp.token({ sub, ...claims });
  const path = `/api/v1/customers/${encodeURIComponent(ref)}`;
  return (await bff.send('PATCH', path, body, { Authorization: `Bearer ${token}` })).status;
}

async function found(query: string, claims: JWTPayload = {}): Promise<Page> {
  const answer = await read(bff, `audit-events?limit=200&${query}`, claims);
  expect(answer.status).toBe(200);
  return answer.body as Page;
}

/** Who patched, by the trail, newest first. */
async function actorsOf(customer: string, claims: JWTPayload = {}): Promise<unknown[]> {
  const { data } = await found(`customer=${encodeURIComponent(customer)}&phase=outcome`, claims);
  return data.map(({ actor }) => (actor as { sub: string }).sub);
}

describe('a customer named by an alias', () => {
  it('is found whatever its patches named, with every event of each', async () => {
    aliases.set('acme&co', CUSTOMER.id);
    expect(await patchAs('by-alias', 'acme&co', { name: 'Acme One' })).toBe(200);
    expect(await patchAs('by-id', CUSTOMER.id, { name: 'Acme SE' })).toBe(200);
    expect(await patchAs('of-other', OTHER, { name: 'Other' })).toBe(200);
    const query = 'action=customer.patch&customer=';
    const byId = await found(`${query}${CUSTOMER.id}`);
    expect(byId.data.map(({ phase }) => phase)).toEqual(['outcome', 'intent', 'outcome', 'intent']);
    expect(await found(`${query}${encodeURIComponent('acme&co')}`)).toEqual(byId);
    expect(await actorsOf('acme&co')).toEqual(['by-id', 'by-alias']);
  });

  it('is found also if the alias was only seen in its data, the one it had and the one it got', async () => {
    aliasOf.set('cus_3', 'had');
    expect(await patchAs('renames', 'cus_3', { alias: 'has' })).toBe(200);
    expect(await actorsOf('had')).toEqual(['renames']);
    expect(await actorsOf('has')).toEqual(['renames']);
    aliasOf.set('cus_4', 'previewed');
    await bff.send('POST', '/api/v1/customers/cus_4/preview', { name: 'Other' });
    expect((await found('customer=previewed')).data).toMatchObject([{ action: 'customer.patch.previewed' }]);
  });

  it('is both, if the alias has moved from one to the other', async () => {
    aliases.set('moves', 'cus_5');
    expect(await patchAs('before', 'moves', { name: 'Five' })).toBe(200);
    aliases.set('moves', 'cus_6');
    expect(await patchAs('after', 'moves', { name: 'Six' })).toBe(200);
    expect(await actorsOf('moves')).toEqual(['after', 'before']);
    expect(await actorsOf('cus_5')).toEqual(['before']);
  });

  it('is nobody, if no patch reached a customer by it, or another tenant’s did', async () => {
    expect(await patchAs('lost', 'nobody', { name: 'Nobody' })).toBe(404);
    expect(await found('customer=nobody')).toEqual({ data: [], next_cursor: null });
    aliases.set('ours', CUSTOMER.id);
    expect(await patchAs('globex', 'ours', { name: 'Globex' }, { tenant_id: 'globex' })).toBe(200);
    expect(await actorsOf('ours', { tenant_id: 'globex' })).toEqual(['globex']);
    expect(await actorsOf('ours')).toEqual([]);
  });

  it('is found in exports, and by the reads of its trail, which mask the alias', async () => {
    aliases.set('exported', 'cus_7');
    expect(await patchAs('exports', 'exported', { name: 'Seven' })).toBe(200);
    const path = 'audit-events?customer=exported&phase=outcome';
    const { body } = await read(bff, path, { sub: 'reader' }, { Accept: 'application/x-ndjson' });
    const lines = String(body).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { export: { complete: false } },
      { actor: { sub: 'exports' }, phase: 'outcome' },
      { end: { events: 1 } },
    ]);
    const { data } = await found('customer=exported&actor=reader');
    expect(data.map(({ action, target }) => [action, target])).toEqual([
      ['audit.exported', { ref: 'e***', customer_id: 'cus_7' }],
    ]);
  });

  it('is not found any more once its personal data is erased; its id finds what is masked', async () => {
    aliases.set('forgets', 'cus_8');
    expect(await patchAs('erased', 'forgets', { name: 'Eight' })).toBe(200);
    const token = await bff.idp.token({ scope: 'privacy:erase' });
    const path = '/api/v1/customers/cus_8/personal-data';
    expect((await bff.send('DELETE', path, undefined, { Authorization: `Bearer ${token}` })).status).toBe(
      204,
    );
    expect(await actorsOf('forgets')).toEqual([]);
    expect(await actorsOf('cus_8')).toEqual(['erased']);
  });

  it('is kept as a keyed hash', async () => {
    const kept = await bff.database.kysely.selectFrom('customer_alias').selectAll().execute();
    expect(kept.length).toBeGreaterThan(5);
    for (const { alias } of kept) expect(alias).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it.each(['cus_', 'cus_%20', 'cus_1-2', '', '%00', 'x'.repeat(256)])('%s is 400', async (customer) => {
    const answer = await read(bff, `audit-events?customer=${customer}`);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter: 'customer' }] } });
  });
});

describe('who changed the VAT number of this customer, and did it work?', () => {
  it('is one request, whose answer has only what happened', async () => {
    const day = new Date().toISOString().slice(0, 10);
    const customer = 'cus_9';
    expect(await patchAs('changes', customer, { vat_number: 'DE123456789' })).toBe(200);
    expect(await patchAs('fails', customer, { vat_number: 'XX0' })).toBe(400);
    expect(await patchAs('changes-name', customer, { name: 'Nine' })).toBe(200);
    expect(await patchAs('changes-other', OTHER, { vat_number: 'DE123456789' })).toBe(200);
    await bff.send('POST', `/api/v1/customers/${customer}/preview`, { vat_number: 'DE999999999' });
    const [outcome] = (await found(`customer=${customer}&actor=changes&phase=outcome`)).data;
    if (outcome === undefined) throw new Error('the patch left no outcome');
    const start = Date.parse(`${day}T00:00:00Z`);
    await copyTo(outcome, start - 1);
    const first = await copyTo(outcome, start);
    const last = await copyTo(outcome, start + DAY - 1);
    await copyTo(outcome, start + DAY);
    const query = `customer=${customer}&field=vat_number&effect=applied&phase=outcome&from=${day}&to=${day}`;
    const answer = await found(query);
    expect(answer).toEqual({ data: [last, outcome, first], next_cursor: null });
    expect(outcome).toEqual({
      id: expect.any(String) as unknown,
      operation_id: expect.any(String) as unknown,
      occurred_at: expect.any(String) as unknown,
      tenant_id: 'acme',
      actor: { type: 'user', sub: 'changes', client_id: 'frontend', scopes: expect.any(Array) as unknown },
      origin: { ip: '127.0.0.1', user_agent: expect.any(String) as unknown },
      request_id: expect.any(String) as unknown,
      trace_id: expect.any(String) as unknown,
      action: 'customer.patch',
      phase: 'outcome',
      target: { ref: customer, customer_id: customer },
      outcome: 'applied',
      status: 200,
      upstream: { status: 200, attempts: 1, duration_ms: expect.any(Number) as unknown },
      credential: { version: 1, fingerprint: expect.any(String) as unknown },
      changes: [{ field: 'vat_number', effect: 'applied' }],
      leaf_index: null,
    });
  });
});

describe('a filter that matches little in a long trail', () => {
  const EVENTS = 21_000;
  /** Near both ends, in the middle, and at the place where a page stops looking. */
  const PLACES = [0, 10_000, 10_001, 20_999];
  let expected: string[];
  beforeAll(async () => {
    expect(await patchAs('long', CUSTOMER.id, { name: 'Long' }, { tenant_id: 'globex' })).toBe(200);
    const { data } = await found('actor=long&phase=outcome', { tenant_id: 'globex' });
    const [model] = data;
    if (model === undefined) throw new Error('the patch left no outcome');
    const start = Date.parse('2026-01-10T00:00:00Z');
    const raced = { changes: [{ effect: 'raced', field: 'name' }] };
    const made = Array.from({ length: EVENTS }, (_, n) =>
      madeFrom(model, start + n, PLACES.includes(n) ? raced : {}),
    );
    for (let n = 0; n < EVENTS; n += 1_000) await insert(made.slice(n, n + 1_000));
    expected = PLACES.map((n) => made[n]?.id ?? '').reverse();
  }, 60_000);

  it('is answered page by page, each with bounded work: a page may have few events, or none', async () => {
    const claims = { tenant_id: 'globex' };
    const query = 'effect=raced&to=2026-01-31&limit=2';
    const pages: string[][] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const at: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await read(bff, `audit-events?${query}${at}`, claims);
      const page = body as Page;
      pages.push(page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(pages.flat()).toEqual(expected);
    expect(pages.length).toBeGreaterThan(2);
  });

  it('that matches nothing ends all the same', async () => {
    const claims = { tenant_id: 'globex' };
    const query = 'audit-events?phase=refusal&to=2026-01-31';
    const first = (await read(bff, query, claims)).body as Page;
    expect(first).toEqual({ data: [], next_cursor: expect.any(String) as unknown });
    const second = (await read(bff, `${query}&cursor=${first.next_cursor ?? ''}`, claims)).body as Page;
    expect(second).toEqual({ data: [], next_cursor: expect.any(String) as unknown });
    const third = (await read(bff, `${query}&cursor=${second.next_cursor ?? ''}`, claims)).body;
    expect(third).toEqual({ data: [], next_cursor: null });
  });

  it('is exported whole', async () => {
    const path = 'audit-events?effect=raced&to=2026-01-31';
    const { body } = await read(bff, path, { tenant_id: 'globex' }, { Accept: 'application/x-ndjson' });
    const [, ...lines] = String(body).trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { id?: string; end?: object });
    expect(events.map(({ id, end }) => id ?? end)).toEqual([...expected.toReversed(), { events: 4 }]);
  });
});

/** An event like another one, at another time. */
function madeFrom(event: StoredEvent, at: number, members: object = {}): FoundEvent {
  const time = at.toString(16).padStart(12, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
  return { ...event, id, occurred_at: new Date(at).toISOString(), ...members };
}

async function copyTo(event: StoredEvent, at: number): Promise<StoredEvent> {
  const copy = madeFrom(event, at);
  await insert([copy]);
  return copy;
}

async function insert(events: readonly FoundEvent[]): Promise<void> {
  const entries = events.map(({ leaf_index: _, ...event }) => ({ event: event as unknown as AuditEvent }));
  await storeEntries(bff.database.kysely, entries);
}

it('a bad date is 400', async () => {
  const answer = await read(bff, 'audit-events?from=2026-05-32&to=2026-5-1');
  expect(answer).toMatchObject({
    status: 400,
    body: { errors: [{ parameter: 'from' }, { parameter: 'to' }] },
  });
});
