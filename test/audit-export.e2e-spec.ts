import { createHash } from 'node:crypto';
import { verifyExport } from './support/audit-verifier.js';
import {
  allSealed,
  exportLines,
  leafHashOf,
  NDJSON,
  publicKeys,
  read,
  type SealPage,
  whileNobodySeals,
} from './support/sealed-trail.js';
import { CUSTOMER_PATH, startBff, type StoredEvent, type TestBff } from './support/start-bff.js';
import { CUSTOMER } from './support/upstream.js';

const OCSF = 'application/vnd.ocsf.api-activity+x-ndjson';

/** What a spreadsheet would take for a formula, and what breaks a line or a cell. */
const HOSTILE = ['=1+1', '+1', '-1', '@SUM(A1)', 'a"b', 'a,b', "o'neill"];

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff({ seals: true });
  await bff.patch({ name: 'Acme AG', phone: '+49 30 123456' }, { 'User-Agent': '=HYPERLINK("http://x")' });
  for (const sub of HOSTILE) await patchAs(sub);
  await bff.events(2 + 2 * HOSTILE.length);
  await allSealed(bff);
});
afterAll(() => bff.stop());

describe('NDJSON', () => {
  it('is the stored canonical text with its seal, line by line, and a trailer', async () => {
    const stored = await storedTexts();
    const seals = ((await read(bff, 'audit-seals?limit=200')).body as SealPage).data;
    const answer = await whileNobodySeals(bff, () => read(bff, 'audit-events', {}, { Accept: NDJSON }));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const text = answer.body as string;
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.trimEnd().split('\n');
    const places = await leavesOf(stored.map(({ id }) => id));
    expect(lines.slice(0, stored.length)).toEqual(
      stored.map(({ id, text: of }) => `${of.slice(0, -1)},"seal":${places.get(id) ?? ''}}`),
    );
    // The export itself is an event by now, that no seal covers yet.
    const [own, trailer, ...others] = lines
      .slice(stored.length)
      .map((line) => JSON.parse(line) as StoredEvent);
    expect(others).toEqual([]);
    expect(own).toMatchObject({ action: 'audit.exported', seal: null });
    expect(trailer).toEqual({
      trailer: {
        log: 'acme',
        count: stored.length + 1,
        complete: true,
        seals: seals.map(({ jws }) => jws),
      },
    });
  });

  it('has leaves that hash to those of the log', async () => {
    await allSealed(bff);
    const leaves = await bff.database.kysely.selectFrom('audit_leaf').selectAll().execute();
    const hashes = new Map(leaves.map(({ event_id, leaf_hash }) => [event_id, leaf_hash]));
    for (const { id, text } of await storedTexts()) expect(hashes.get(id)).toBe(leafHashOf(text));
  });

  it('is valid for the verifier', async () => {
    expect(await verifyExport(await exportLines(bff), await publicKeys(bff))).toMatchObject({
      code: 0,
      err: '',
    });
  });

  it.each([
    '?actor=user-1',
    '?action=customer.patch',
    `?customer=${CUSTOMER.id}`,
    '?from=2000-01-01T00:00:00Z',
  ])('that is filtered is not complete: %s', async (query) => {
    const lines = await exportLines(bff, {}, query);
    const listed = (await read(bff, `audit-events${query}&limit=200`)).body as { data: StoredEvent[] };
    const trailer = JSON.parse(lines.pop() ?? '') as object;
    expect(trailer).toEqual({
      trailer: { log: 'acme', count: lines.length, complete: false, seals: [] },
    });
    const ids = lines.map((line) => (JSON.parse(line) as StoredEvent)['id']);
    expect(ids).toEqual([...ids].sort());
    expect(ids.length).toBeGreaterThan(1);
    expect(listed.data.map(({ id }) => id).reverse()).toEqual(expect.arrayContaining(ids.slice(0, -1)));
    expect((await verifyExport([...lines, JSON.stringify(trailer)], await publicKeys(bff))).err).toContain(
      'filtered',
    );
  });

  it('of a tenant without events is its own event and a trailer', async () => {
    const lines = await exportLines(bff, { tenant_id: 'globex' });
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { action: 'audit.exported', tenant_id: 'globex' },
      { trailer: { log: 'globex', count: 1, complete: true, seals: [] } },
    ]);
  });
});

describe('CSV', () => {
  it('has a header, a row an event, and no formula', async () => {
    const answer = await read(bff, 'audit-events?action=customer.patch', {}, { Accept: 'text/csv' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [header = [], ...rows] = parseCsv(answer.body as string);
    expect(header.join(',')).toBe(
      'id,operation_id,occurred_at,tenant_id,actor_type,actor_sub,actor_client_id,ip,user_agent,request_id,' +
        'trace_id,action,phase,customer_ref,customer_id,outcome,status,upstream_status,attempts,' +
        'credential_version,problem,count,changes,seal,leaf_index',
    );
    const events = (await bff.events(0)).filter(({ action }) => action === 'customer.patch');
    expect(rows).toHaveLength(events.length);
    for (const [index, row] of rows.entries()) {
      expect(row).toHaveLength(header.length);
      const of = (name: string): string => row[header.indexOf(name)] ?? 'none';
      const event = events[index] ?? {};
      expect(of('id')).toBe(event['id']);
      expect(JSON.parse(of('changes'))).toEqual(event['changes']);
      expect(of('status')).toBe(event['status'] === null ? '' : '200');
      expect(Number(of('leaf_index'))).toBeGreaterThanOrEqual(0);
      for (const value of row) expect(value).not.toMatch(/^\s*[=+\-@\t\r]/);
    }
    const subs = rows.map((row) => row[header.indexOf('actor_sub')]);
    expect(new Set(subs)).toEqual(
      new Set(['user-1', "'=1+1", "'+1", "'-1", "'@SUM(A1)", 'a"b', 'a,b', "o'neill"]),
    );
    expect(rows[0]?.[header.indexOf('user_agent')]).toBe(`'=HYPERLINK("http://x")`);
  });

  it('of nothing is the header alone', async () => {
    const { body } = await read(bff, 'audit-events?actor=nobody', {}, { Accept: 'text/csv' });
    expect(parseCsv(body as string)).toHaveLength(1);
  });
});

it('OCSF is API Activity, with the members that the class requires', async () => {
  const answer = await read(bff, 'audit-events?actor=user-1&action=customer.patch', {}, { Accept: OCSF });
  expect(answer.headers.get('content-type')).toBe(`${OCSF}; charset=utf-8`);
  const [intent, outcome] = (await bff.events(0)) as [StoredEvent, StoredEvent];
  const lines = (answer.body as string).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    ocsfOf(intent, { status_id: 0, status_detail: 'pending', api: { response: {} } }),
    ocsfOf(outcome, { status_id: 1, status_detail: 'applied', api: { response: { code: 200 } } }),
  ]);
});

it('OCSF has a preview for a success', async () => {
  await bff.send('POST', `${CUSTOMER_PATH}/preview`, { name: 'Other' });
  const query = 'audit-events?action=customer.patch.previewed';
  const { body } = await read(bff, query, {}, { Accept: OCSF });
  expect(body).toMatchObject({ status_id: 1, status_detail: 'not_applied' });
});

describe('the trail of exports', () => {
  it.each([
    [NDJSON, 'ndjson'],
    ['text/csv', 'csv'],
    [OCSF, 'ocsf'],
  ])('has one event of each: %s', async (accept, format) => {
    const sub = `exporter-${format}`;
    await read(bff, `audit-events?customer=${CUSTOMER.id}`, { sub }, { Accept: accept, 'X-Request-Id': sub });
    const { body } = await read(bff, `audit-events?actor=${sub}`);
    expect(body).toMatchObject({
      data: [
        {
          action: 'audit.exported',
          phase: 'event',
          outcome: 'applied',
          status: 200,
          request_id: sub,
          actor: { sub },
          target: { ref: CUSTOMER.id, customer_id: CUSTOMER.id },
          changes: [{ field: 'format', after: format }],
        },
      ],
      next_cursor: null,
    });
  });

  it('has none of what was refused', async () => {
    const sub = 'refused';
    expect((await read(bff, 'audit-events?limit=0', { sub }, { Accept: NDJSON })).status).toBe(400);
    expect((await read(bff, 'audit-events', { sub, scope: '' }, { Accept: NDJSON })).status).toBe(403);
    const { body } = await read(bff, `audit-events?actor=${sub}&action=audit.exported`);
    expect(body).toEqual({ data: [], next_cursor: null });
  });
});

it.each([
  ...['application/json', '*/*', 'text/html', 'application/xml;q=0.9', 'nonsense', ''],
  ...['application/json, application/x-ndjson;q=0.5', 'application/x-ndjson;q=0', '*/*, text/csv;q=0.1'],
  'text/csv;charset=utf-8;q=0, application/x-ndjson; charset="a;q=1"; q=0',
  'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
])('Accept: %s gives JSON', async (accept) => {
  const answer = await read(bff, 'audit-events?limit=1&action=customer.patch', {}, { Accept: accept });
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.body).toMatchObject({ data: [{ action: 'customer.patch' }] });
});

it.each([
  ...['text/csv, */*;q=0.1', 'TEXT/CSV', 'application/json;q=0.5, text/csv', 'text/*'],
  ...['text/csv; charset=utf-8', 'text/csv;charset="utf-8;,";header=present, */*;q=0.1'],
  ...['application/json;q=0.5, text/csv; charset=utf-8; Q=0.9', 'text/csv;charset'],
])('Accept: %s gives CSV', async (accept) => {
  const answer = await read(bff, 'audit-events?limit=1&action=customer.patch', {}, { Accept: accept });
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
});

async function patchAs(sub: string): Promise<void> {
  const token = await bff.idp.token({ sub });
  await bff.send('PATCH', CUSTOMER_PATH, { name: sha(sub) }, { Authorization: `Bearer ${token}` });
}

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

async function storedTexts(): Promise<{ id: string; text: string }[]> {
  const rows = await bff.database.kysely
    .selectFrom('audit_event')
    .innerJoin('audit_leaf', 'audit_leaf.event_id', 'audit_event.id')
    .select(['id', 'event'])
    .where('tenant_id', '=', 'acme')
    .orderBy('leaf_index')
    .execute();
  return rows.map(({ id, event }) => ({ id, text: event }));
}

async function leavesOf(ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await bff.database.kysely.selectFrom('audit_leaf').selectAll().execute();
  return new Map(
    rows
      .filter(({ event_id: id }) => ids.includes(id))
      .map(({ event_id: id, seal, leaf_index }) => [id, JSON.stringify({ seal, leaf_index })]),
  );
}

/** RFC 4180. */
function parseCsv(text: string): string[][] {
  expect(text.endsWith('\r\n')).toBe(true);
  const cells = [...text.matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/g)];
  expect(cells.map(([all]) => all).join('')).toBe(text);
  const rows: string[][] = [[]];
  for (const [, cell = '', end] of cells) {
    rows.at(-1)?.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

interface Differing {
  readonly status_id: number;
  readonly status_detail: string;
  readonly api: { readonly response: object };
}

function ocsfOf(event: StoredEvent, { status_id, status_detail, api }: Differing): object {
  const { id, occurred_at, operation_id, request_id, trace_id, phase, outcome, changes, credential } = event;
  return {
    category_uid: 6,
    class_uid: 6003,
    activity_id: 3,
    type_uid: 600303,
    severity_id: 1,
    time: Date.parse(String(occurred_at)),
    metadata: {
      version: '1.3.0',
      uid: id,
      correlation_uid: operation_id,
      tenant_uid: 'acme',
      product: { name: 'billing-bff', vendor_name: 'billing-bff', version: expect.any(String) as unknown },
    },
    actor: { user: { uid: 'user-1', type_id: 1 }, app_uid: 'frontend' },
    src_endpoint: { ip: '127.0.0.1' },
    http_request: { uid: request_id, user_agent: '=HYPERLINK("http://x")' },
    api: { operation: 'customer.patch', request: { uid: request_id }, ...api },
    resources: [{ type: 'customer', uid: CUSTOMER.id, name: CUSTOMER.id }],
    status_id,
    status_detail,
    unmapped: { phase, outcome, changes, credential, trace_id },
  };
}
