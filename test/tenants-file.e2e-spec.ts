import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { ManualClock } from './support/manual-clock.js';
import { startBff, type TestBff } from './support/start-bff.js';

/** Milliseconds in which a change acts, as promised. */
const SOON = 5_000;

let clock: ManualClock;
let bff: TestBff;
async function startWith(...tenants: object[]): Promise<void> {
  clock = new ManualClock();
  bff = await startBff({ clock, tenants, recordsFirstLoad: true });
}
afterEach(() => bff.stop());

it('a file that is broken at the start changes nothing: it starts, says what is wrong, prints no token', async () => {
  await startWith(
    { id: 'a b', token: 'secret-of-tenant ' },
    { token: { env: 'NOT_SET' } },
    { id: 'x', token: 7 },
  );
  expect(errorLines()).toHaveLength(1);
  expect(JSON.parse(errorLines()[0] ?? '')).toMatchObject({
    level: 50,
    faults: expect.arrayContaining([expect.any(String)]) as string[],
  });
  expect(bff.logs()).not.toContain('secret-of-tenant');
  expect((await bff.send('GET', '/health/live')).status).toBe(200);
});

it('a change acts within five seconds; one that breaks the file changes nothing', async () => {
  await startWith({ id: 'acme', token: 'the-first-token' });
  expect(await sentToken()).toBe('Bearer the-first-token');
  await writeFile(bff.tenantsFile, (await readFile(bff.tenantsFile, 'utf8')).slice(0, -3));
  clock.advance(SOON);
  await until(() => Promise.resolve(errorLines().length > 0), 'the error line');
  expect(await sentToken()).toBe('Bearer the-first-token');
  await writeFile(bff.tenantsFile, JSON.stringify([{ id: 'acme', token: 'the-next-token' }]));
  clock.advance(SOON);
  await until(async () => (await sentToken()) === 'Bearer the-next-token', 'the next token');
  expect(bff.logs()).not.toContain('the-next-token');
});

it('a file that can no longer be looked at changes nothing, and is taken again once it can', async () => {
  await startWith({ id: 'acme', token: 'the-first-token' });
  await rm(bff.tenantsFile);
  await symlink(bff.tenantsFile, bff.tenantsFile);
  clock.advance(SOON);
  await until(() => Promise.resolve(errorLines().length > 0), 'the error line');
  expect(await sentToken()).toBe('Bearer the-first-token');
  await rm(bff.tenantsFile);
  await writeFile(bff.tenantsFile, JSON.stringify([{ id: 'acme', token: 'the-next-token' }]));
  clock.advance(SOON);
  await until(async () => (await sentToken()) === 'Bearer the-next-token', 'the next token');
});

it('what it changes is recorded, the first load included, and nothing else', async () => {
  const first = { id: 'acme', name: 'Acme', token: 'the-first-token' };
  await startWith(first, { id: 'globex', token: 'the-token-of-globex' });
  await change([
    { ...first, token: 'the-next-token' },
    { id: 'globex', token: 'the-token-of-globex' },
  ]);
  await change([{ ...first, token: 'the-next-token', invoicing_entities: ['ive_1'] }]);
  await until(async () => (await eventsOfFile()).length === 7, 'the events');

  const [event, ...others] = await eventsOfFile();
  expect(event).toEqual({
    id: expect.any(String) as unknown,
    operation_id: null,
    occurred_at: expect.any(String) as unknown,
    tenant_id: 'acme',
    actor: { type: 'service', sub: 'tenants-file', client_id: null, scopes: [] },
    origin: { ip: '127.0.0.1', user_agent: expect.stringMatching(/^billing-bff\/\d/) as unknown },
    request_id: expect.any(String) as unknown,
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
    action: 'tenant.changed',
    phase: 'event',
    target: null,
    outcome: 'applied',
    status: null,
    upstream: null,
    credential: null,
    changes: [
      { field: 'name', before: null, after: 'A***', effect: 'applied' },
      { field: 'status', before: null, after: 'active', effect: 'applied' },
      { field: 'billing_api_url', before: null, after: null, effect: 'applied' },
      { field: 'invoicing_entities', before: null, after: null, effect: 'applied' },
    ],
  });
  const said = others.map(({ tenant_id, action, credential, changes }) => [
    tenant_id,
    action,
    credential === null ? changes.map(({ field, after }) => [field, after]) : credential.version,
  ]);
  expect(said).toEqual([
    ['acme', 'tenant.token.added', 1],
    ['globex', 'tenant.changed', expect.any(Array)],
    ['globex', 'tenant.token.added', 1],
    ['acme', 'tenant.token.added', 2],
    ['acme', 'tenant.changed', [['invoicing_entities', ['ive_1']]]],
    ['globex', 'tenant.changed', [['status', 'suspended']]],
  ]);
});

it('the previous token put back is the current one again; one that was retired is not, and that is said', async () => {
  await startWith({ id: 'acme', token: 'the-first-token' });
  await change([{ id: 'acme', token: 'the-next-token' }]);
  await until(async () => (await sentToken()) === 'Bearer the-next-token', 'the next token');
  await change([{ id: 'acme', token: 'the-first-token' }]);
  await until(async () => (await sentToken()) === 'Bearer the-first-token', 'the first token again');

  const admin = await bff.idp.token({ scope: 'tenants:admin', exp: clock.now() / 1000 + 300 });
  const asAdmin = { Authorization: `Bearer ${admin}` };
  await bff.send('DELETE', '/api/v1/tenants/acme/tokens/2', undefined, asAdmin);
  await change([{ id: 'acme', token: 'the-next-token' }]);
  await until(() => Promise.resolve(bff.logs().includes('was retired and is not used')), 'the error line');
  expect(bff.logs()).toMatch(
    /"level":50.*"tenant_id":"acme","version":2,"msg":"the token in the tenants file was/,
  );
  expect(await sentToken()).toBe('Bearer the-first-token');
  expect(errorLines()).toEqual([]);
});

/** A file's whole new content, looked at. */
async function change(tenants: object[]): Promise<void> {
  const applied = (): number => bff.logs().split('tenants file applied').length;
  const before = applied();
  await writeFile(bff.tenantsFile, JSON.stringify(tenants));
  clock.advance(SOON);
  await until(() => Promise.resolve(applied() > before), 'the change');
}

interface FileEvent {
  readonly tenant_id: string;
  readonly action: string;
  readonly credential: { readonly version: number } | null;
  readonly changes: { readonly field: string; readonly after: unknown }[];
}

/** Oldest first; those of one look by tenant: they are stored side by side. */
async function eventsOfFile(): Promise<FileEvent[]> {
  const query = bff.database.kysely
    .selectFrom('audit_event')
    .select('event')
    .where('actor_sub', '=', 'tenants-file');
  const rows = await query.orderBy('id').execute();
  const events = rows.map(({ event }) => JSON.parse(event) as FileEvent & { request_id: string });
  const looks = [...new Set(events.map(({ request_id }) => request_id))];
  return looks.flatMap((look) =>
    events
      .filter(({ request_id }) => request_id === look)
      .sort((one, other) => one.tenant_id.localeCompare(other.tenant_id)),
  );
}

/** The Authorization that a patch reaches the billing API with. */
async function sentToken(): Promise<string> {
  const token = await bff.idp.token({ exp: clock.now() / 1000 + 300 });
  await bff.patch({ name: 'Acme' }, { Authorization: `Bearer ${token}` });
  return String(bff.upstream.requests.at(-1)?.headers.authorization);
}

function errorLines(): string[] {
  return bff
    .logs()
    .split('\n')
    .filter((line) => line.includes('"level":50') && line.includes('TENANTS_FILE is not usable'));
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
