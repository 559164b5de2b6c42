import { createHmac } from 'node:crypto';
import canonicalize from 'canonicalize';
import { allSealed, checkExport, exportLines, NDJSON, read, vkeysOf } from './support/audit-log.js';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

interface Clear {
  readonly before?: unknown;
  readonly before_salt?: string;
  readonly after?: unknown;
  readonly after_salt?: string;
}

interface Change {
  readonly field: string;
  readonly before_commitment?: string;
  readonly after_commitment?: string;
  readonly clear?: Clear;
}

interface Event {
  readonly id: string;
  readonly action: string;
  readonly changes: Change[];
}

const FORMATS = ['application/json', NDJSON, 'text/csv', 'application/vnd.ocsf.api-activity+x-ndjson'];

const OTHER = 'cus_2';
const SECRET = { name: 'Ännchen von Tharau', billing_email: 'anna@acme.test' };
const OTHERS = { name: 'Berta Müller', phone: '+49 30 987654' };
const BEFORE = { name: 'Old name', billing_email: 'old@acme.test', phone: null };
const ADDRESS = { zip_code: '12345', city: 'Köln', country: 'DE' };

let bff: TestBff;
let second: TestBff | undefined;
beforeAll(async () => {
  bff = await startBff({ seals: true });
  // Another instance, where the database takes more than one.
  if ('DATABASE_URL' in bff.databaseSettings) second = await startBff({ besides: bff, seals: true });
  bff.upstream.answer = ({ method, url, text }, response) => {
    const id = url.endsWith(OTHER) ? OTHER : CUSTOMER.id;
    const patch = method === 'GET' ? {} : (JSON.parse(text) as object);
    answerJson(response, 200, { ...CUSTOMER, ...BEFORE, id, ...patch });
  };
  await patch(CUSTOMER.id, { ...SECRET, billing_address: ADDRESS }, 'first');
  await patch(OTHER, OTHERS, 'second');
  await allSealed(bff);
});
afterAll(async () => {
  await second?.stop();
  await bff.stop();
});

it('without the scope there is no clear value anywhere, in no form', async () => {
  for (const accept of FORMATS) {
    const { body } = await read(bff, 'audit-events?action=customer.patch', {}, { Accept: accept });
    const text = JSON.stringify(body);
    expect(text).toContain(accept === 'text/csv' ? 'effect' : 'after_commitment');
    for (const secret of [...Object.values(SECRET), 'Köln', '"clear"', '_salt'])
      expect(text).not.toContain(secret);
  }
});

it('a page of clear values needs one look-up of keys; one that fails is audit-unavailable', async () => {
  for (const accept of FORMATS) {
    const path = 'audit-events?action=customer.patch';
    const headers = { Accept: accept };
    const executor = bff.database.readers.getExecutor();
    const execute = executor.executeQuery.bind(executor);
    let asked = 0;
    let failing = false;
    const spy = jest.spyOn(executor, 'executeQuery').mockImplementation((query, ...rest) => {
      if (!query.sql.includes('customer_key')) return execute(query, ...rest);
      asked += 1;
      return failing ? Promise.reject(new Error('gone')) : execute(query, ...rest);
    });
    expect((await read(bff, path, { scope: CLEAR }, headers)).status).toBe(200);
    expect(asked).toBe(1);
    failing = true;
    const answer = await read(bff, path, { scope: CLEAR }, headers);
    // No attachment.
    const disposition = answer.headers.get('content-disposition');
    expect([accept, answer.status, disposition]).toEqual([accept, 503, null]);
    expect(answer.body).toMatchObject({ type: 'urn:billing-bff:problem:audit-unavailable' });
    spy.mockRestore();
  }
});

it('with the scope each change has its values, and the salts that open the commitments', async () => {
  const [outcome, intent, ...others] = await clearEvents(CUSTOMER.id);
  expect(others).toEqual([]);
  const changes = intent?.changes ?? [];
  expect(changes.map(({ field, clear }) => [field, clear])).toEqual([
    ['name', valuesOf(BEFORE.name, SECRET.name)],
    ['billing_email', valuesOf(BEFORE.billing_email, SECRET.billing_email)],
    ['billing_address', valuesOf(null, ADDRESS)],
  ]);
  for (const change of changes) expectOpen(change);
  const salts = changes.flatMap(({ clear }) => [clear?.before_salt, clear?.after_salt]);
  expect(new Set(salts).size).toBe(6);
  // As it was intended.
  expect(outcome?.changes).toEqual(changes.map(({ field }) => ({ field, effect: 'applied' })));
});

it('one event and an export show the same', async () => {
  const events = await clearEvents(CUSTOMER.id);
  for (const event of events) expect((await readClear(`audit-events/${event.id}`)).body).toEqual(event);
  const query = `?action=customer.patch&customer=${CUSTOMER.id}`;
  const lines = await exportLines(bff, { scope: CLEAR }, query);
  expect(lines.slice(1, -1).map((line) => JSON.parse(line) as Event)).toEqual(events.reverse());
});

it('its use is in the trail', async () => {
  const sub = 'curious';
  await readClear(`audit-events?customer=${CUSTOMER.id}`, sub);
  const [event] = await clearEvents(CUSTOMER.id);
  await readClear(`audit-events/${event?.id ?? ''}`, sub);
  await readClear('audit-events?action=customer.patch', sub, { Accept: NDJSON });
  await read(bff, 'audit-events?action=customer.patch', { sub });
  const { body } = await read(bff, `audit-events?actor=${sub}`);
  const clear = { field: 'clear', after: true };
  expect((body as { data: Event[] }).data.map(({ action, changes }) => [action, changes])).toEqual([
    ['audit.read', []],
    ['audit.exported', [{ field: 'format', after: 'ndjson' }, clear]],
    ['audit.read', [clear]],
    ['audit.read', [clear]],
  ]);
});

it('clear=false keeps the masks on, in every form, and the trail does not say that they were off', async () => {
  const sub = 'discreet';
  const query = `clear=false&action=customer.patch&customer=${CUSTOMER.id}`;
  const masked = await maskedEvents();
  expect((await readClear(`audit-events?${query}`, sub)).body).toEqual({ data: masked, next_cursor: null });
  const [event] = masked;
  expect((await readClear(`audit-events/${event?.id ?? ''}?clear=false`, sub)).body).toEqual(event);
  const lines = await exportLines(bff, { scope: CLEAR, sub }, '?clear=false');
  expect(lines.join()).not.toContain('"clear":');
  expect(checkExport(lines, await vkeysOf(bff))).toMatchObject({ events: lines.length - 2, pruned: 0 });
  const { body } = await read(bff, `audit-events?actor=${sub}`);
  expect((body as { data: Event[] }).data.map(({ action, changes }) => [action, changes])).toEqual([
    ['audit.exported', [{ field: 'format', after: 'ndjson' }]],
    ['audit.read', []],
    ['audit.read', []],
  ]);
});

it('a cursor of masked pages opens no clear one', async () => {
  const query = `action=customer.patch&customer=${CUSTOMER.id}&limit=1`;
  const { body } = await readClear(`audit-events?${query}&clear=false`);
  const { next_cursor: cursor } = body as { next_cursor: string };
  expect((await readClear(`audit-events?${query}&cursor=${cursor}`)).status).toBe(400);
  expect((await readClear(`audit-events?${query}&clear=true&cursor=${cursor}`)).status).toBe(400);
  expect((await readClear(`audit-events?${query}&clear=false&cursor=${cursor}`)).status).toBe(200);
});

it('clear=true shows nothing without the scope, and another word is a fault', async () => {
  const [event] = await maskedEvents();
  const path = `audit-events/${event?.id ?? ''}`;
  expect((await read(bff, `${path}?clear=true`)).body).toEqual(event);
  for (const place of [path, 'audit-events'])
    expect(await read(bff, `${place}?clear=no`)).toMatchObject({
      status: 400,
      body: { errors: [{ parameter: 'clear', code: 'not-boolean', detail: 'must be true or false' }] },
    });
  expect(await read(bff, `${path}?limit=1`)).toMatchObject({
    status: 400,
    body: { errors: [{ parameter: 'limit', code: 'unknown-field' }] },
  });
});

it('the scope alone does not read the trail', async () => {
  expect((await read(bff, 'audit-events', { scope: 'audit:read:clear' })).status).toBe(403);
});

describe('erasing a customer’s personal data', () => {
  it.each(['acme-alias', 'cus_', 'cus_!', 'cus_1.', `cus_${'a'.repeat(23)}`])(
    'takes an id alone: %s',
    async (ref) => {
      expect(await erase(ref)).toMatchObject({
        status: 400,
        body: {
          type: 'urn:billing-bff:problem:validation-failed',
          errors: [{ parameter: 'cus_id', code: 'not-customer-id' }],
        },
      });
    },
  );

  it.each(['customers:write audit:read', 'tenants:admin', 'audit:read:clear', ''])(
    'takes the scope privacy:erase, not: %s',
    async (scope) => {
      const answer = await erase(CUSTOMER.id, { scope });
      expect(answer).toMatchObject({
        status: 403,
        body: { type: 'urn:billing-bff:problem:insufficient-scope' },
      });
    },
  );

  it('by another tenant, or of a customer nobody knows, is 204 and touches nothing', async () => {
    expect((await erase(CUSTOMER.id, { tenant_id: 'globex' })).status).toBe(204);
    expect((await erase('cus_999')).status).toBe(204);
    expect((await clearEvents(CUSTOMER.id))[1]?.changes[0]?.clear).toMatchObject({ after: SECRET.name });
  });

  it('is not put off by a suspension of the tenant', async () => {
    const of = { tenant_id: 'initech' };
    const operator = { Authorization: `Bearer ${await bff.idp.token({ scope: 'tenants:admin' })}` };
    const setTo = async (status: string): Promise<TestAnswer> =>
      bff.send('PATCH', '/api/v1/tenants/initech', { status }, operator);
    expect((await setTo('active')).status).toBe(200);
    const caller = { Authorization: `Bearer ${await bff.idp.token({ ...of, scope: 'customers:write' })}` };
    expect((await bff.patch({ name: SECRET.name }, caller)).status).toBe(200);
    expect((await setTo('suspended')).status).toBe(200);
    const trail = async (): Promise<string> =>
      JSON.stringify((await read(bff, 'audit-events', { ...of, scope: CLEAR })).body);
    expect(await trail()).toContain(SECRET.name);

    expect((await erase(CUSTOMER.id, { ...of, scope: 'customers:write' })).status).toBe(403);
    expect((await erase(CUSTOMER.id, of)).status).toBe(204);

    expect(await trail()).not.toContain(SECRET.name);
    expect(await trail()).toContain('personal-data.erased');
    expect((await bff.patch({ name: 'x' }, caller)).body).toMatchObject({
      type: 'urn:billing-bff:problem:tenant-suspended',
    });
  });

  it('is 204 and in the trail, and the values are gone at once, everywhere', async () => {
    const masked = await maskedEvents();
    // Held in memory by whoever read it a moment ago.
    await clearEvents(CUSTOMER.id);
    await clearEvents(CUSTOMER.id, second);
    const answer = await erase(CUSTOMER.id, { sub: 'privacy-officer' });
    expect([answer.status, answer.body]).toEqual([204, undefined]);
    expect(answer.headers.get('x-request-id')).toEqual(expect.any(String));
    for (const instance of [bff, second]) {
      const events = await clearEvents(CUSTOMER.id, instance);
      expect(events).toEqual(masked);
      const { body } = await read(instance ?? bff, 'audit-events', { scope: CLEAR }, { Accept: NDJSON });
      for (const secret of [...Object.values(SECRET), 'Köln']) expect(body).not.toContain(secret);
    }
    const { body } = await read(bff, 'audit-events?actor=privacy-officer');
    expect(body).toMatchObject({
      data: [
        {
          action: 'personal-data.erased',
          phase: 'event',
          outcome: 'applied',
          status: 204,
          operation_id: null,
          target: { ref: CUSTOMER.id, customer_id: CUSTOMER.id },
          changes: [],
        },
      ],
      next_cursor: null,
    });
  });

  it('leaves proofs and the whole trail valid', async () => {
    await allSealed(bff);
    const vkeys = await vkeysOf(bff);
    for (const scope of ['audit:read', CLEAR]) {
      const lines = await exportLines(bff, { scope });
      expect(lines.join().includes('"clear":')).toBe(scope === CLEAR);
      expect(checkExport(lines, vkeys)).toMatchObject({ events: lines.length - 2, pruned: 0 });
    }
  });

  it('leaves other customers’ values', async () => {
    const [, intent] = await clearEvents(OTHER);
    expect(intent?.changes.map(({ clear }) => clear)).toEqual([
      valuesOf(BEFORE.name, OTHERS.name),
      valuesOf(BEFORE.phone, OTHERS.phone),
    ]);
    for (const change of intent?.changes ?? []) expectOpen(change);
  });

  it('leaves no values in replays: that customer’s answer is read anew, the other’s is as it was', async () => {
    bff.upstream.requests.length = 0;
    bff.upstream.answerWith(200, { ...CUSTOMER, name: 'As it is today', billing_email: null });
    const again = await patch(CUSTOMER.id, { ...SECRET, billing_address: ADDRESS }, 'first');
    expect(bff.upstream.patches).toEqual([]);
    for (const secret of [...Object.values(SECRET), 'Köln'])
      expect(JSON.stringify(again)).not.toContain(secret);
    const other = await patch(OTHER, OTHERS, 'second');
    expect(other).toMatchObject({ status: 200, body: { ...OTHERS, id: OTHER } });
    expect(other.headers.get('idempotency-replayed')).toBe('true');
  });

  it('ends nothing: later patches are kept again, under a key of their own', async () => {
    bff.upstream.readAs({ ...CUSTOMER, ...BEFORE }, (_, response) => {
      answerJson(response, 200, { ...CUSTOMER, ...BEFORE, name: 'Later' });
    });
    await patch(CUSTOMER.id, { name: 'Later' }, 'third');
    const [, newest, , old] = await clearEvents(CUSTOMER.id);
    expect(newest?.changes[0]?.clear).toMatchObject({ after: 'Later' });
    expect(old?.changes[0]).not.toHaveProperty('clear');
    expect((await erase(CUSTOMER.id)).status).toBe(204);
    expect((await clearEvents(CUSTOMER.id))[1]?.changes[0]).not.toHaveProperty('clear');
  });
});

const CLEAR = 'audit:read audit:read:clear';

function valuesOf(before: unknown, after: unknown): object {
  const salt = expect.stringMatching(/^[\w-]{22}$/) as unknown;
  return { before, before_salt: salt, after, after_salt: salt };
}

function expectOpen({ clear = {}, before_commitment, after_commitment }: Change): void {
  expect(hmac(clear.before, clear.before_salt)).toBe(before_commitment);
  expect(hmac(clear.after, clear.after_salt)).toBe(after_commitment);
}

function hmac(value: unknown, salt = ''): string {
  const message = canonicalize(value) ?? '';
  return createHmac('sha256', Buffer.from(salt, 'base64url')).update(message).digest('hex');
}

function readClear(path: string, sub = 'user-1', headers: Record<string, string> = {}): Promise<TestAnswer> {
  return read(bff, path, { scope: CLEAR, sub }, headers);
}

/** Of the patches of a customer, newest first. */
async function clearEvents(customer: string, instance = bff): Promise<Event[]> {
  const path = `audit-events?action=customer.patch&customer=${customer}`;
  return ((await read(instance, path, { scope: CLEAR })).body as { data: Event[] }).data;
}

async function maskedEvents(): Promise<Event[]> {
  const path = `audit-events?action=customer.patch&customer=${CUSTOMER.id}`;
  return ((await read(bff, path)).body as { data: Event[] }).data;
}

async function erase(id: string, claims: object = {}): Promise<TestAnswer> {
  const Authorization = `Bearer ${await bff.idp.token({ scope: 'privacy:erase', ...claims })}`;
  return bff.send('DELETE', `/api/v1/customers/${id}/personal-data`, undefined, { Authorization });
}

function patch(id: string, body: object, key: string): Promise<TestAnswer> {
  return bff.send('PATCH', `/api/v1/customers/${id}`, body, { 'Idempotency-Key': key });
}
