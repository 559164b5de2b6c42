import { until } from './support/audit-log.js';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { faultsOf, parametersOf } from './support/test-answer.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

interface Event {
  readonly id: string;
  readonly operation_id: string | null;
  readonly occurred_at: string;
  readonly tenant_id: string;
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly sub: string; readonly client_id: string | null };
  readonly target: { readonly customer_id: string | null } | null;
  readonly changes: readonly { readonly field: string }[];
}

interface Page {
  readonly data: Event[];
  readonly next_cursor: string | null;
}

const OTHER_CUSTOMER = 'cus_2';

let bff: TestBff;
/** Acme's whole trail, newest first, as it was before anybody read it. */
let trail: Event[];
/** When that was: reading the trail adds to it. */
let end = '';
beforeAll(async () => {
  bff = await startBff();
  bff.upstream.answer = ({ method, url, text }, response) => {
    const id = url.endsWith('cus_2') ? OTHER_CUSTOMER : CUSTOMER.id;
    if (method === 'GET') {
      answerJson(response, 200, { ...CUSTOMER, id, name: 'Before', currency: 'USD' });
      return;
    }
    const patch = JSON.parse(text) as { name?: string };
    if (patch.name === 'Refuse') {
      answerJson(response, 422, { code: 'BAD_REQUEST', message: 'no' });
      return;
    }
    answerJson(response, 200, {
      ...CUSTOMER,
      ...patch,
      id,
    });
  };
  await patch('user-1', CUSTOMER.id, { name: 'Acme GmbH' });
  await patch('user-1', 'acme-alias', { name: 'Acme GmbH', currency: 'EUR' });
  await patch('user-2', OTHER_CUSTOMER, { currency: 'EUR' });
  await patch('user-2', CUSTOMER.id, { name: 'Refuse' });
  await patch('user-3', CUSTOMER.id, { phone: '+49 30 123456' }, { client_id: 'backend' });
  await patch('user-1', CUSTOMER.id, { name: 'Globex' }, { tenant_id: 'globex' });
  await patch('user-9', OTHER_CUSTOMER, { name: 'Globex' }, { tenant_id: 'globex' });
  await patch('user-4', CUSTOMER.id, { name: 'x' }, { scope: 'openid' });
  const last = String((await bff.events(15)).at(-1)?.['occurred_at']);
  await until(() => new Date().toISOString() > last, 'a later time');
  end = new Date().toISOString();
  trail = (await list('limit=200')).data;
});
afterAll(() => bff.stop());

describe('the trail', () => {
  it('is the caller’s tenant’s, newest first, complete, with leaf_index null', async () => {
    const stored = await bff.events(15);
    const acme = stored.filter((event) => event['tenant_id'] === 'acme').reverse();
    expect(trail).toEqual(acme.map((event) => ({ ...event, leaf_index: null })));
    expect(trail).toHaveLength(11);
    expect((await list('')).next_cursor).toBeNull();
  });

  it('gets an event of each query, and none of further pages', async () => {
    const claims = { sub: 'reader', tenant_id: 'globex' };
    const query = 'limit=1&action=customer.patch';
    const { next_cursor: cursor } = await listAs(claims, query);
    await listAs(claims, `${query}&cursor=${cursor ?? ''}`);
    const { data } = await listAs(claims, 'actor=reader');
    expect(data).toMatchObject([
      {
        action: 'audit.read',
        phase: 'event',
        outcome: 'applied',
        status: 200,
        operation_id: null,
        target: null,
        changes: [],
        upstream: null,
        credential: null,
      },
    ]);
    const of = `customer=${CUSTOMER.id}`;
    await listAs(claims, of);
    const [read] = (await listAs(claims, `actor=reader&${of}`)).data;
    expect(read?.target).toEqual({ ref: CUSTOMER.id, customer_id: CUSTOMER.id });
  });

  it('is read by a service for the tenant that it names', async () => {
    const token = await bff.idp.token({ scope: 'audit:read tenants:any', tenant_id: undefined });
    const headers = { Authorization: `Bearer ${token}`, 'X-Tenant-Id': 'globex' };
    const path = '/api/v1/audit-events?action=customer.patch';
    const { data } = (await bff.send('GET', path, undefined, headers)).body as Page;
    expect(data.map(({ tenant_id }) => tenant_id)).toEqual(['globex', 'globex', 'globex', 'globex']);
  });

  it.each<[string, (event: Event) => boolean]>([
    [`customer=${CUSTOMER.id}`, (event) => ofCustomer(CUSTOMER.id)(event)],
    [`customer=${OTHER_CUSTOMER}`, (event) => ofCustomer(OTHER_CUSTOMER)(event)],
    ['customer=cus_9', () => false],
    ['actor=user-2', ({ actor }) => actor.sub === 'user-2'],
    ['actor=backend', ({ actor }) => actor.client_id === 'backend'],
    ['actor=nobody', () => false],
    ['action=customer.patch', ({ action }) => action === 'customer.patch'],
    ['action=access.refused', ({ action }) => action === 'access.refused'],
    ['outcome=rejected', ({ outcome }) => outcome === 'rejected'],
    ['outcome=pending', ({ outcome }) => outcome === 'pending'],
    ['outcome=refused', ({ outcome }) => outcome === 'refused'],
    ['outcome=unknown', () => false],
    [
      `field=name&customer=${CUSTOMER.id}`,
      (event) => ofCustomer(CUSTOMER.id)(event) && event.changes.some(({ field }) => field === 'name'),
    ],
    [
      `field=currency&customer=${CUSTOMER.id}&outcome=applied&actor=user-1&action=customer.patch`,
      (event) => event.outcome === 'applied' && event.changes.length === 2,
    ],
    [
      'actor=user-2&outcome=rejected',
      ({ actor, outcome }) => actor.sub === 'user-2' && outcome === 'rejected',
    ],
    ['actor=user-1&action=access.refused', () => false],
    ['from=2000-01-01T00:00:00Z', () => true],
    ['to=2000-01-01T00:00:00Z', () => false],
    ['from=2999-01-01T00:00:00%2B02:00', () => false],
    ['to=2999-01-01T00:00:00.123Z&action=customer.patch', ({ action }) => action === 'customer.patch'],
  ])('filtered by %s', async (query, matches) => {
    const { data, next_cursor } = await list(query);
    expect(ids(data)).toEqual(ids(trail.filter(matches)));
    expect(next_cursor).toBeNull();
  });

  it('filtered by time cuts where the events lie', async () => {
    const middle = trail[5];
    if (middle === undefined) throw new Error('the trail is too short');
    const { data: since } = await list(`from=${middle.occurred_at}`);
    const { data: until } = await list(`to=${middle.occurred_at}`);
    expect(ids(since)).toEqual(ids(trail.filter(({ occurred_at }) => occurred_at >= middle.occurred_at)));
    expect(ids([...since, ...until])).toEqual(ids(trail));
  });
});

describe('pages', () => {
  it.each([1, 2, 3, 10, 11, 12, 200])(
    'of %d are complete, in order and without duplicates',
    async (limit) => {
      expect(await idsByPages(`limit=${limit}`, limit)).toEqual(ids(trail));
    },
  );

  it('of a filtered trail as well', async () => {
    const query = `customer=${CUSTOMER.id}&field=name`;
    expect(await idsByPages(`${query}&limit=1`, 1)).toEqual(ids((await list(query)).data));
  });

  it('are not shifted by what is added meanwhile', async () => {
    const own = { sub: 'pager', tenant_id: 'globex' };
    const patches = 'action=customer.patch';
    const before = ids((await listAs(own, `limit=200&${patches}`)).data);
    const first = await listAs(own, `limit=2&${patches}`);
    await patch('pager', CUSTOMER.id, { name: 'Later' }, { tenant_id: 'globex' });
    const rest = await listAs(own, `limit=200&${patches}&cursor=${first.next_cursor ?? ''}`);
    expect(ids([...first.data, ...rest.data])).toEqual(before);
  });

  it('of 50 unless told', async () => {
    const claims = { sub: 'many', scope: 'customers:write audit:read' };
    await Promise.all(Array.from({ length: 30 }, () => patch('many', CUSTOMER.id, { name: 'Many' })));
    const query = 'actor=many&action=customer.patch';
    const page = await listAs(claims, query);
    expect(page.data).toHaveLength(50);
    expect(page.next_cursor).toEqual(expect.any(String));
    const rest = await listAs(claims, `${query}&cursor=${page.next_cursor ?? ''}`);
    expect(new Set(ids([...page.data, ...rest.data])).size).toBe(60);
  });
});

describe('refused with 400', () => {
  it.each([
    ...['limit=0', 'limit=201', 'limit=abc', 'limit=', 'limit=-1', 'limit=1.5', 'limit=1e2', 'limit=%2050'],
    ...['limit=1&limit=2', 'limit[]=1', 'limit=99999999999999999999'],
    ...['cursor=', 'cursor=abc', 'cursor=../x', `cursor=${'A'.repeat(5000)}`, 'cursor=%00', 'cursor=null'],
    ...['field=name', 'field=', 'field=name&customer=', 'field=a%20b&customer=cus_1', 'field=__proto__'],
    ...['action=nothing', 'action=', 'outcome=nothing', 'outcome=APPLIED', 'actor='],
    ...[
      'from=yesterday',
      'from=',
      'to=1',
      'to=2026-13-01T00:00:00Z',
      'to=2026-11-31T00:00:00Z',
      'from=2026-02-29T00:00:00Z',
      'from=2026-11-22T24:00:00Z',
      'from=2026-01-01T00:00:00',
    ],
    ...['customer=', 'customer=%00', 'actor=%00'],
    ...['nothing=1', 'tenant=globex', 'tenant_id=globex', 'id=1', '__proto__=1', 'constructor=1', 'Limit=1'],
    ...["customer=cus_1'%20or%201=1--", 'offset=1', 'sort=asc'],
  ])('%s', async (query) => {
    const answer = await bff.send('GET', `/api/v1/audit-events?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      type: 'urn:billing-bff:problem:validation-failed',
      code: 'BAD_REQUEST',
    });
    expect(parametersOf(answer).length).toBeGreaterThan(0);
  });

  it.each(['from', 'to'])('a bare + in %s is told to be written %%2B', async (name) => {
    const answer = await bff.send('GET', `/api/v1/audit-events?${name}=2026-01-01T00:00:00+02:00`);
    const detail = 'must have its + written as %2B: in a query + is a space';
    expect(answer.body).toMatchObject({
      detail: `${name} ${detail}.`,
      errors: [{ parameter: name, code: 'not-timestamp', detail }],
    });
  });

  it('a parameter that is given twice says so', async () => {
    const answer = await bff.send('GET', '/api/v1/audit-events?limit=1&limit=2');
    const detail = 'must be sent once';
    expect(answer.body).toMatchObject({ errors: [{ parameter: 'limit', code: 'repeated', detail }] });
  });

  it('all faults at once, each with its place', async () => {
    const answer = await bff.send(
      'GET',
      '/api/v1/audit-events?limit=0&outcome=x&cursor=y&field=name&nothing=1',
    );
    expect(parametersOf(answer).sort()).toEqual(['cursor', 'field', 'limit', 'nothing', 'outcome']);
  });

  it('all faults at once, also those of the encoding', async () => {
    const answer = await bff.send(
      'GET',
      '/api/v1/audit-events?limit=0&actor=%zz&actor=b&action=%FF&%zz=1&x=1',
    );
    const faults = faultsOf(answer).map(({ parameter, code }) => `${parameter} ${code}`);
    expect(faults.sort()).toEqual([
      ...['%zz invalid', 'action invalid', 'actor invalid', 'limit out-of-range', 'x unknown-field'],
    ]);
  });
});

describe('a cursor', () => {
  const query = 'action=customer.patch&limit=1';
  const reader = { sub: 'pager', tenant_id: 'globex' };
  let cursor = '';
  beforeAll(async () => {
    cursor = (await listAs(reader, query)).next_cursor ?? '';
  });
  const forged = (at: number): string => {
    const bytes = Buffer.from(cursor, 'base64url');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes.toString('base64url');
  };

  it.each<[string, () => Promise<TestAnswer>]>([
    ['for another event', () => pageAs(reader, `${query}&cursor=${forged(0)}`)],
    ['with another signature', () => pageAs(reader, `${query}&cursor=${forged(31)}`)],
    ['with other filters', () => pageAs(reader, `limit=1&cursor=${cursor}`)],
    ['with one filter more', () => pageAs(reader, `${query}&outcome=applied&cursor=${cursor}`)],
    ['by somebody else', () => pageAs({ ...reader, sub: 'other' }, `${query}&cursor=${cursor}`)],
    ['by another client', () => pageAs({ ...reader, client_id: 'other' }, `${query}&cursor=${cursor}`)],
    ['of another tenant', () => pageAs({ ...reader, tenant_id: 'acme' }, `${query}&cursor=${cursor}`)],
    [
      'by who now sees clear values',
      () => pageAs({ ...reader, scope: 'audit:read audit:read:clear' }, `${query}&cursor=${cursor}`),
    ],
  ])('%s is refused: no page is read without a query in the trail', async (_, send) => {
    const answer = await send();
    expect(answer.status).toBe(400);
    expect(parametersOf(answer)).toEqual(['cursor']);
  });

  it('is good for another limit, and with a new token', async () => {
    const page = await pageAs({ ...reader, jti: 'another' }, `${query.replace('1', '5')}&cursor=${cursor}`);
    expect(page.status).toBe(200);
  });
});

describe('another tenant’s events', () => {
  it('are not there by id', async () => {
    const { data } = await listAs({ tenant_id: 'globex' }, 'limit=200');
    for (const { id } of data) {
      expectNotFound(await bff.send('GET', `/api/v1/audit-events/${id}`));
      expect(
        (await bff.send('GET', `/api/v1/audit-events/${id}`, undefined, await as({ tenant_id: 'globex' })))
          .status,
      ).toBe(200);
    }
    expect(data.length).toBeGreaterThan(0);
  });

  it('are not there by any filter', async () => {
    for (const query of [
      'actor=user-9',
      `customer=${OTHER_CUSTOMER}`,
      `customer=${CUSTOMER.id}&field=name`,
    ]) {
      for (const { tenant_id } of (await list(query)).data) expect(tenant_id).toBe('acme');
    }
    expect((await list('actor=user-9')).data).toEqual([]);
  });

  it('are not there as an operation', async () => {
    const { data } = await listAs({ tenant_id: 'globex' }, 'limit=200&action=customer.patch');
    expect(data.length).toBeGreaterThan(0);
    for (const { operation_id } of data)
      expectNotFound(await bff.send('GET', `/api/v1/operations/${operation_id ?? ''}`));
  });
});

describe('one event', () => {
  it('is what the list shows', async () => {
    for (const event of trail.slice(0, 3)) {
      const answer = await bff.send('GET', `/api/v1/audit-events/${event.id}`);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual(event);
    }
  });

  it.each(['01890000-0000-7000-8000-000000000000', 'abc', '1', '%00', "'--", 'x'.repeat(300)])(
    'that does not exist is 404: %s',
    async (id) => {
      expectNotFound(await bff.send('GET', `/api/v1/audit-events/${id}`));
      expectNotFound(await bff.send('GET', `/api/v1/operations/${id}`));
    },
  );
});

/** Every event of the patches of this customer, also by alias. */
function ofCustomer(id: string): (event: Event) => boolean {
  const concerned = (event: Event): boolean => event.target?.customer_id === id;
  const operations = trail.filter(concerned).map(({ operation_id }) => operation_id);
  return (event) =>
    concerned(event) || (event.operation_id !== null && operations.includes(event.operation_id));
}

async function as(claims: object): Promise<Record<string, string>> {
  return { Authorization: `Bearer ${await bff.idp.token({ ...claims })}` };
}

async function patch(sub: string, ref: string, body: object, claims: object = {}): Promise<TestAnswer> {
  return bff.send('PATCH', `/api/v1/customers/${ref}`, body, await as({ sub, ...claims }));
}

/** Before the end, unless the query says something else. */
async function list(query: string): Promise<Page> {
  return listAs({}, /(^|&)to=/.test(query) ? query : `${query}&to=${end}`);
}

async function pageAs(claims: object, query: string): Promise<TestAnswer> {
  return bff.send('GET', `/api/v1/audit-events?${query}`, undefined, await as(claims));
}

async function listAs(claims: object, query: string): Promise<Page> {
  const answer = await pageAs(claims, query);
  expect(answer.status).toBe(200);
  return answer.body as Page;
}

async function idsByPages(query: string, limit: number): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await list(cursor === null ? query : `${query}&cursor=${encodeURIComponent(cursor)}`);
    expect(page.data.length).toBeLessThanOrEqual(limit);
    if (page.next_cursor !== null) expect(page.data).toHaveLength(limit);
    found.push(...ids(page.data));
    cursor = page.next_cursor;
  } while (cursor !== null);
  return found;
}

function ids(events: readonly Event[]): string[] {
  return events.map(({ id }) => id);
}

function expectNotFound({ status, body }: TestAnswer): void {
  expect(status).toBe(404);
  expect(body).toMatchObject({ type: 'urn:billing-bff:problem:not-found', code: 'NOT_FOUND' });
}
