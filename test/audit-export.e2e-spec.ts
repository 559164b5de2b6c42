import { createHash } from 'node:crypto';
import {
  allSealed,
  checkExport,
  checkpointOf,
  exportLines,
  NDJSON,
  read,
  until,
  vkeysOf,
} from './support/audit-log.js';
import { CUSTOMER_PATH, startBff, type StoredEvent, type TestBff } from './support/start-bff.js';
import { parametersOf } from './support/test-answer.js';
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
  it('is the stored canonical text with its leaf index, between a line about the log and an end', async () => {
    const stored = await storedTexts();
    const checkpoint = await checkpointOf(bff);
    const answer = await read(bff, 'audit-events', {}, { Accept: NDJSON });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const text = answer.body as string;
    expect(text.endsWith('\n')).toBe(true);
    const [head = '', ...lines] = text.trimEnd().split('\n');
    const to_leaf = stored.length;
    expect(JSON.parse(head)).toEqual({
      export: { origin: 'billing-bff.local/acme', from_leaf: 0, to_leaf, checkpoint },
    });
    expect(lines.pop()).toBe(`{"end":{"events":${to_leaf}}}`);
    const texts = lines.map((line, index) => {
      expect(line.endsWith(`,"leaf_index":${index}}`)).toBe(true);
      return line.replace(/,"leaf_index":\d+\}$/, '}');
    });
    expect(texts.toSorted()).toEqual(stored.toSorted());
  });

  it('hashes to the root of its checkpoint, and shows the same leaf indexes as the list', async () => {
    await allSealed(bff);
    const lines = await exportLines(bff);
    expect(checkExport(lines, await vkeysOf(bff))).toEqual({
      origin: 'billing-bff.local/acme',
      size: lines.length - 2,
      events: lines.length - 2,
      pruned: 0,
    });
    const { data } = (await read(bff, 'audit-events?limit=200')).body as { data: StoredEvent[] };
    const listed = new Map(data.map(({ id, leaf_index }) => [id, leaf_index]));
    for (const line of lines.slice(1, -1)) {
      const { id, leaf_index } = JSON.parse(line) as StoredEvent;
      expect(listed.get(id)).toBe(leaf_index);
    }
  });

  it('after a leaf has only what is behind it', async () => {
    await allSealed(bff);
    const whole = await exportLines(bff);
    const part = await exportLines(bff, {}, '?after_leaf=3');
    expect(JSON.parse(part[0] ?? '')).toMatchObject({ export: { from_leaf: 4 } });
    expect(part.slice(1, 6)).toEqual(whole.slice(5, 10));
    await allSealed(bff);
    const size = Number((await checkpointOf(bff)).split('\n')[1]);
    const nothing = await exportLines(bff, {}, `?after_leaf=${size - 1}`);
    expect(nothing.map((line) => JSON.parse(line) as object)).toMatchObject([
      { export: { from_leaf: size, to_leaf: size } },
      { end: { events: 0 } },
    ]);
  });

  it.each<readonly [detail: string, accept: string, query: string]>([
    ['is beyond the newest checkpoint', NDJSON, 'after_leaf=100000'],
    ['can only be used for an NDJSON export', NDJSON, 'after_leaf=0&actor=user-1'],
    ['can only be used for an NDJSON export', 'text/csv', 'after_leaf=0'],
    ['can only be used for an NDJSON export', 'application/json', 'after_leaf=0'],
    ...['-1', '01', '1.5', '1e3', '', 'x', '99999999999999999999'].map(
      (leaf) => ['must be the index of a leaf', NDJSON, `after_leaf=${leaf}`] as const,
    ),
  ])('%s: %s %s is 400', async (detail, Accept, query) => {
    const answer = await read(bff, `audit-events?${query}`, {}, { Accept });
    expect(answer.status).toBe(400);
    expect(parametersOf(answer)).toEqual(['after_leaf']);
    expect(answer.body).toMatchObject({ detail: expect.stringContaining(detail) as unknown });
  });

  it.each([
    '?actor=user-1',
    '?action=customer.patch',
    `?customer=${CUSTOMER.id}`,
    '?from=2000-01-01T00:00:00Z',
  ])('that is filtered is not complete, and has no checkpoint: %s', async (query) => {
    await allSealed(bff);
    const [head, ...lines] = await exportLines(bff, {}, query);
    const listed = (await read(bff, `audit-events${query}&limit=200`)).body as { data: StoredEvent[] };
    expect(JSON.parse(head ?? '')).toEqual({
      export: { origin: 'billing-bff.local/acme', complete: false },
    });
    expect(lines.pop()).toBe(`{"end":{"events":${lines.length}}}`);
    const events = lines.map((line) => JSON.parse(line) as StoredEvent);
    const ids = events.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(ids.length).toBeGreaterThan(1);
    expect(listed.data.map(({ id }) => id).reverse()).toEqual(expect.arrayContaining(ids.slice(0, -1)));
    for (const { leaf_index, action } of events)
      if (action === 'customer.patch') expect(leaf_index).toEqual(expect.any(Number));
  });

  it('of a tenant without events is empty, and says that there is no checkpoint', async () => {
    const lines = await exportLines(bff, { tenant_id: 'globex' });
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      { export: { origin: 'billing-bff.local/globex', from_leaf: 0, to_leaf: 0, checkpoint: null } },
      { end: { events: 0 } },
    ]);
  });
});

describe('CSV', () => {
  it('has a byte order mark, a header, a row for each field of a change, and no formula', async () => {
    const answer = await read(bff, 'audit-events?action=customer.patch', {}, { Accept: 'text/csv' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [header = [], ...rows] = parseCsv(answer.body as string);
    // What decodes text leaves the mark out.
    const Authorization = `Bearer ${await bff.idp.token()}`;
    const raw = await fetch(`${bff.url}/api/v1/audit-events`, {
      headers: { Authorization, Accept: 'text/csv' },
    });
    expect([...Buffer.from(await raw.arrayBuffer()).subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    expect(header.join(',')).toBe(
      'operation_id,occurred_at,actor,client,customer,action,phase,outcome,field,before,after,effect,status,' +
        'problem,count,credential_version,upstream_status,attempts,actor_type,ip,user_agent,tenant_id,' +
        'request_id,trace_id,event_id,leaf_index,reverts,act',
    );
    const events = (await bff.events(0)).filter(({ action }) => action === 'customer.patch');
    const changes = events.flatMap((event) =>
      (event['changes'] as Record<string, unknown>[]).map((change) => ({ event, change })),
    );
    expect(rows).toHaveLength(changes.length);
    expect(rows.length).toBeGreaterThan(events.length);
    for (const [index, row] of rows.entries()) {
      expect(row).toHaveLength(header.length);
      const of = (name: string): string => row[header.indexOf(name)] ?? 'none';
      const { event, change } = changes[index] ?? { event: {}, change: {} };
      const written = (value: unknown): string =>
        value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
      expect(of('event_id')).toBe(event['id']);
      expect([of('field'), of('effect')]).toEqual([change['field'], written(change['effect'])]);
      expect([of('before'), of('after')]).toEqual([written(change['before']), written(change['after'])]);
      expect(of('customer')).toBe(CUSTOMER.id);
      expect(of('status')).toBe(event['status'] === null ? '' : '200');
      expect(Number(of('leaf_index'))).toBeGreaterThanOrEqual(0);
      for (const value of row) expect(value).not.toMatch(/^\s*[=+\-@\t\r]/);
      expect(row.join()).not.toContain('commitment');
    }
    const subs = rows.map((row) => row[header.indexOf('actor')]);
    expect(new Set(subs)).toEqual(
      new Set(['user-1', "'=1+1", "'+1", "'-1", "'@SUM(A1)", 'a"b', 'a,b', "o'neill"]),
    );
    expect(rows[0]?.[header.indexOf('user_agent')]).toBe(`'=HYPERLINK("http://x")`);
  });

  it('has one row of an event without changes', async () => {
    await read(bff, 'audit-events?limit=1', { sub: 'reads-once' });
    const { body } = await read(bff, 'audit-events?actor=reads-once', {}, { Accept: 'text/csv' });
    const [header = [], ...rows] = parseCsv(body as string);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.[header.indexOf('action')]).toBe('audit.read');
    expect(rows[0]?.[header.indexOf('field')]).toBe('');
  });

  it('of nothing is the header alone', async () => {
    const { body } = await read(bff, 'audit-events?actor=nobody', {}, { Accept: 'text/csv' });
    expect(parseCsv(body as string)).toHaveLength(1);
  });
});

describe('OCSF 1.9', () => {
  const ocsf = async (query: string): Promise<Record<string, unknown>[]> => {
    const answer = await read(bff, `audit-events?${query}`, {}, { Accept: OCSF });
    expect(answer.headers.get('content-type')).toBe(`${OCSF}; charset=utf-8`);
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it('is API Activity with its trace: an intent and an outcome', async () => {
    const [intent, outcome] = (await bff.events(0)) as [StoredEvent, StoredEvent];
    expect(await ocsf('actor=user-1&action=customer.patch')).toEqual([
      ocsfOf(intent, { status_id: 0, status_detail: 'pending' }),
      ocsfOf(outcome, { status_id: 1, status_detail: 'applied', code: 200 }),
    ]);
  });

  it('says whose token acted for the caller, and which operation is undone; so does the CSV', async () => {
    const act = { sub: 'agent', client_id: 'assistant', act: { sub: 'helper' } };
    const { headers } = await bff.patch({ name: 'Undone' });
    const reverts = headers.get('x-operation-id') ?? '';
    const token = await bff.idp.token({ sub: 'acted-for', act });
    const sent = { Authorization: `Bearer ${token}`, 'X-Reverts-Operation': reverts };
    expect(await bff.send('PATCH', CUSTOMER_PATH, { name: 'Done' }, sent)).toMatchObject({ status: 200 });
    const said = [
      { sub: 'agent', client_id: 'assistant' },
      { sub: 'helper', client_id: null },
    ];
    for (const { unmapped } of await ocsf('actor=acted-for'))
      expect(unmapped).toMatchObject({ act: said, reverts });
    const { body } = await read(bff, 'audit-events?actor=acted-for', {}, { Accept: 'text/csv' });
    const [header = [], ...rows] = parseCsv(body as string);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      expect(row[header.indexOf('reverts')]).toBe(reverts);
      expect(JSON.parse(row[header.indexOf('act')] ?? '')).toEqual(said);
    }
  });

  it('of a refused service is a failure, counted', async () => {
    const token = await bff.idp.token({ sub: 'worker', client_id: 'worker', scope: 'openid' });
    await bff.send('PATCH', CUSTOMER_PATH, { name: 'x' }, { Authorization: `Bearer ${token}` });
    await until(async () => (await ocsf('actor=worker&limit=1')).length === 1, 'the refusal was stored');
    const [{ metadata, time, http_request, api, trace, unmapped, ...rest } = {}] = await ocsf('actor=worker');
    expect(rest).toEqual({
      category_uid: 6,
      class_uid: 6003,
      activity_id: 99,
      type_uid: 600399,
      severity_id: 2,
      actor: { user: { uid: 'worker', type_id: 4 }, application: { uid: 'worker' } },
      src_endpoint: { ip: '127.0.0.1' },
      http_response: { code: 403 },
      resources: [{ type: 'customer', name: CUSTOMER.id, uid: CUSTOMER.id }],
      status_id: 2,
      status_detail: 'insufficient-scope',
      count: 1,
    });
    expect(api).toMatchObject({
      operation: 'access.refused',
      response: { code: 403, error: 'insufficient-scope' },
    });
    expect(metadata).toMatchObject({ version: '1.9.0', tenant_uid: 'acme' });
    expect(unmapped).toMatchObject({
      phase: 'refusal',
      outcome: 'refused',
      scopes: ['openid'],
      credential: null,
    });
    expect([typeof time, typeof http_request, typeof trace]).toEqual(['number', 'object', 'object']);
  });

  it('has a preview for a success, of a read', async () => {
    await bff.send('POST', `${CUSTOMER_PATH}/preview`, { name: 'Other' });
    expect(await ocsf('action=customer.patch.previewed')).toMatchObject([
      { activity_id: 2, type_uid: 600302, status_id: 1, status_detail: 'not_applied' },
    ]);
  });
});

it.each([
  [NDJSON, 'audit-events-acme.ndjson'],
  ['text/csv', 'audit-events-acme.csv'],
  [OCSF, 'audit-events-acme.ocsf.ndjson'],
])('%s is an attachment with a name for its file', async (accept, name) => {
  const answer = await read(bff, 'audit-events?actor=nobody', {}, { Accept: accept });
  expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
  const page = await read(bff, 'audit-events?actor=nobody');
  expect(page.headers.has('content-disposition')).toBe(false);
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

/** The events of the tenant, as stored. */
async function storedTexts(): Promise<string[]> {
  const rows = await bff.database.kysely
    .selectFrom('audit_event')
    .select('event')
    .where('tenant_id', '=', 'acme')
    .execute();
  return rows.map(({ event }) => event);
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
  /** Of the answer, if there was one. */
  readonly code?: number;
}

/** An event of `user-1`, by the schema's class and objects (github.com/ocsf/ocsf-schema, version 1.9.0). */
function ocsfOf(event: StoredEvent, { status_id, status_detail, code }: Differing): object {
  const { id, occurred_at, operation_id, request_id, trace_id } = event;
  const { phase, outcome, changes, credential, upstream, actor } = event;
  return {
    category_uid: 6,
    class_uid: 6003,
    activity_id: 3,
    type_uid: 600303,
    severity_id: 1,
    time: Date.parse(String(occurred_at)),
    metadata: {
      version: '1.9.0',
      profiles: ['trace'],
      uid: id,
      correlation_uid: operation_id,
      tenant_uid: 'acme',
      product: { name: 'billing-bff', vendor_name: 'billing-bff', version: expect.any(String) as unknown },
    },
    actor: { user: { uid: 'user-1', type_id: 1 }, application: { uid: 'frontend' } },
    src_endpoint: { ip: '127.0.0.1' },
    http_request: { uid: request_id, user_agent: '=HYPERLINK("http://x")' },
    ...(code === undefined ? {} : { http_response: { code } }),
    api: {
      operation: 'customer.patch',
      request: { uid: request_id },
      ...(code === undefined ? {} : { response: { code } }),
    },
    resources: [{ type: 'customer', uid: CUSTOMER.id, name: CUSTOMER.id }],
    trace: { uid: trace_id },
    status_id,
    status_detail,
    unmapped: {
      ...{ phase, outcome, changes, credential, upstream },
      scopes: (actor as { scopes: string[] }).scopes,
      leaf_index: expect.any(Number) as unknown,
    },
  };
}
