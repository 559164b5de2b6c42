import { randomBytes } from 'node:crypto';
import { allSealed } from './support/audit-log.js';
import { dumpOf, leaksIn } from './support/leaks.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';
import { CUSTOMER } from './support/upstream.js';

const unique = (): string => randomBytes(12).toString('hex');
const digits = (): string => Array.from(randomBytes(14), (byte) => byte % 10).join('');
const FORMATS = [
  'application/json',
  'application/x-ndjson',
  'text/csv',
  'application/vnd.ocsf.api-activity+x-ndjson',
];
const CLEAR = 'audit:read audit:read:clear';

const personal = (): Record<string, unknown> => ({
  name: `Name ${unique()}`,
  alias: `alias-${unique()}`,
  billing_email: `${unique()}@acme.test`,
  invoicing_emails: [`${unique()}@acme.test`],
  phone: `+49 ${digits()}`,
  vat_number: `DE${digits()}`,
  billing_address: { line1: unique(), city: unique(), zip_code: unique() },
  custom_taxes: [{ name: unique(), tax_code: unique(), rate: '20.5' }],
});

let bff: TestBff;
let values: string[];
beforeAll(async () => {
  bff = await startBff({ seals: true });
  const [before, after, byAlias] = [personal(), personal(), personal()];
  values = [before, after, byAlias].flatMap(texts);
  bff.upstream.readAs({ ...CUSTOMER, ...before }, ({ text }, response) => {
    const body = { ...CUSTOMER, ...before, ...(JSON.parse(text) as object) };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  });
  expect((await bff.patch(after, { 'Idempotency-Key': 'kept-for-replays' })).status).toBe(200);
  const alias = String(before['alias']);
  expect((await bff.send('PATCH', `/api/v1/customers/${alias}`, byAlias)).status).toBe(200);
  await bff.events(4);
  await allSealed(bff);
});
afterAll(() => bff.stop());

/** What all exports of a reader with this scope hold. */
async function exportsFor(scope: string): Promise<Record<string, string>> {
  const Authorization = `Bearer ${await bff.idp.token({ scope })}`;
  const all: Record<string, string> = {};
  for (const Accept of FORMATS) {
    const { status, body } = await bff.send('GET', '/api/v1/audit-events', undefined, {
      Authorization,
      Accept,
    });
    expect(status).toBe(200);
    all[Accept] = typeof body === 'string' ? body : JSON.stringify(body);
    expect(all[Accept]).toContain('customer.patch');
  }
  return all;
}

it('neither tables, log nor metrics hold a value, in any encoding', async () => {
  const rows = await dumpOf(bff.database);
  const metrics = String((await bff.send('GET', '/metrics', undefined, { Authorization: '' })).body);
  expect(rows).toContain('customer.patch');
  expect(bff.logs()).toContain('"level"');
  expect(metrics).toContain('# HELP');
  expect(found(rows)).toEqual([]);
  expect(found(bff.logs())).toEqual([]);
  expect(found(metrics)).toEqual([]);
});

it('no export holds one without audit:read:clear', async () => {
  for (const text of Object.values(await exportsFor('audit:read'))) expect(found(text)).toEqual([]);
});

it('exports hold them with audit:read:clear, and after the erasure none does, nor anything else', async () => {
  const before = await exportsFor(CLEAR);
  for (const accept of FORMATS)
    expect([accept, found(before[accept] ?? '').length > 10]).toEqual([accept, true]);

  const Authorization = `Bearer ${await bff.idp.token({ scope: 'privacy:erase' })}`;
  const erased = await bff.send('DELETE', `${CUSTOMER_PATH}/personal-data`, undefined, { Authorization });
  expect(erased.status).toBe(204);

  for (const text of Object.values(await exportsFor(CLEAR))) expect(found(text)).toEqual([]);
  expect(found(await dumpOf(bff.database))).toEqual([]);
  expect(found(bff.logs())).toEqual([]);
});

/** Every text that is somebody's. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return value.length > 6 ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

function found(text: string): string[] {
  return leaksIn(text, values);
}
