import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../sandbox/launcher.js';
import { requestToken } from '../sandbox/token-request.js';
import { type Attempt, tryPatch } from '../sandbox/try-patch.js';
import { report } from '../sandbox/try-report.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';

const ROOT = join(__dirname, '..');

let folder: string;
let env: Record<string, string | undefined>;
let database: TestDatabase;
let sandbox: Sandbox;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'try-'));
  database = await createTestDatabase();
  env = {
    ...database.settings,
    ...{ PATH: process.env['PATH'], PORT: '0', SANDBOX_BILLING_PORT: '0', SANDBOX_IDP_PORT: '0' },
    ...{ SANDBOX_DATA_DIR: folder, LOG_LEVEL: 'fatal', BILLING_API_TIMEOUT_MS: '1000' },
  };
  const bffEntry = join(ROOT, 'dist', 'main.js');
  sandbox = await startSandbox({ env, root: ROOT, bffEntry, signal: new AbortController().signal });
});

afterAll(async () => {
  await sandbox.stop();
  await database.remove();
  await rm(folder, { recursive: true, force: true });
});

let run = 123_456_789;
const attempt = (name?: string): Promise<Attempt> =>
  tryPatch({ env, root: ROOT, name, run: (run += 1_111_111) });

const phases = ({ events }: Attempt): unknown[] => events.map(({ phase, outcome }) => [phase, outcome]);

describe('npm run try', () => {
  it('sends the twelve fields, fresh each time, and shows each effect and both events in at most 40 lines', async () => {
    const [first, second] = [await attempt(), await attempt()];
    expect(Object.keys(first.body)).toEqual([
      ...['alias', 'billing_address', 'billing_email', 'currency', 'custom_taxes', 'invoicing_emails'],
      ...['invoicing_entity_id', 'is_tax_exempt', 'name', 'phone', 'shipping_address', 'vat_number'],
    ]);
    const same = Object.keys(first.body).filter(
      (field) => JSON.stringify(first.body[field]) === JSON.stringify(second.body[field]),
    );
    expect(same).toEqual(['invoicing_entity_id']);
    expect(phases(second)).toEqual([
      ['intent', 'pending'],
      ['outcome', 'applied'],
    ]);
    const lines = report(second);
    expect(lines.length).toBeLessThanOrEqual(40);
    for (const field of Object.keys(first.body)) {
      const effect = { invoicing_entity_id: 'unchanged', is_tax_exempt: 'unverifiable' }[field] ?? 'applied';
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  ${field} .* ${effect}$`)));
    }
    expect(JSON.parse(JSON.stringify(second))).toMatchObject({ answer: { status: 200 }, body: second.body });
  });

  it('unknown: shows that the outcome is unknown, and then that it is applied', async () => {
    const tried = await attempt('unknown');
    expect(tried.ended.map(({ status, final }) => [status, final])).toEqual([
      ['unknown', false],
      ['applied', true],
    ]);
    expect(phases(tried)).toEqual([
      ['intent', 'pending'],
      ['outcome', 'unknown'],
      ['outcome', 'applied'],
    ]);
    const lines = report(tried);
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(lines).toContainEqual(expect.stringMatching(/^504 Gateway Timeout .*billing-timeout, unknown$/));
    expect(lines).toContainEqual(expect.stringMatching(/the operation is applied$/));
  });

  it.each([
    ['changed-meanwhile', 412, [['outcome', 'rejected']]],
    [
      'raced',
      200,
      [
        ['intent', 'pending'],
        ['outcome', 'applied'],
      ],
    ],
    [
      'alias-taken',
      409,
      [
        ['intent', 'pending'],
        ['outcome', 'rejected'],
      ],
    ],
    [
      'read-fails',
      200,
      [
        ['intent', 'pending'],
        ['outcome', 'applied'],
      ],
    ],
    ['token-rejected', 502, [['outcome', 'not_applied']]],
    ['unreachable', 502, [['outcome', 'not_applied']]],
  ])('%s: %i', async (name, status, expected) => {
    const tried = await attempt(name);
    expect([tried.answer.status, phases(tried)]).toEqual([status, expected]);
    expect(report(tried).length).toBeLessThanOrEqual(40);
  });
});

describe('persons', () => {
  const patchAs = async (id: string, body: object): Promise<Response> => {
    const client = sandbox.running.clients.find((one) => one.id === id);
    if (client === undefined) throw new Error(`no client ${id}`);
    const token = await requestToken(sandbox.running.token_url, client);
    return fetch(`${sandbox.running.bff_url}/api/v1/customers/lovell`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
  };

  it('are users in the trail, with the client that they used; ada sees the values behind the masks', async () => {
    const patched = await patchAs('ada', { phone: '+1 713 5550 100' });
    expect(patched.status).toBe(200);
    const ada = sandbox.running.clients.find(({ id }) => id === 'ada') ?? { id: '', secret: '', scopes: [] };
    const trail = await fetch(`${sandbox.running.bff_url}/api/v1/audit-events?actor=ada`, {
      headers: { authorization: `Bearer ${await requestToken(sandbox.running.token_url, ada)}` },
    });
    const { data } = (await trail.json()) as { data: Record<string, unknown>[] };
    const intent = data.find(({ phase }) => phase === 'intent');
    expect(intent).toMatchObject({
      actor: { type: 'user', sub: 'ada', client_id: 'acme-web' },
      changes: [{ field: 'phone', after: '***100', clear: { after: '+1 713 5550 100' } }],
    });
  });

  it('may be allowed the contact fields only: grace', async () => {
    const [contact, tax] = [
      await patchAs('grace', { name: 'Lovell' }),
      await patchAs('grace', { vat_number: 'DE1' }),
    ];
    expect([contact.status, tax.status]).toEqual([200, 403]);
    expect(await tax.json()).toMatchObject({ type: 'urn:billing-bff:problem:field-forbidden' });
  });
});
