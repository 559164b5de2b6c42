import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { RecentLeaves } from '../src/audit-log/recent-leaves.js';
import { allSealed, read } from './support/audit-log.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { statementsOf } from './support/statements.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

/** Months before this one that have a partition. */
const MONTHS = 24;
const PATCH = { name: 'Acme AG' };
const TRAIL = /audit_(record|event)\b/;

let bff: TestBff;
let owner: pg.Client;
beforeAll(async () => {
  bff = await startBff({ seals: true });
  owner = new pg.Client({ connectionString: bff.databaseSettings['DATABASE_URL'] });
  await owner.connect();
  await owner.query(`do $$
    declare month timestamptz;
    begin
      for back in 1..${MONTHS} loop
        month := audit_event_month_of(now(), -back);
        execute format('create table %I partition of audit_record for values from (%L) to (%L)',
          audit_event_month_name(month), audit_event_first_id(month),
          audit_event_first_id(audit_event_month_of(now(), 1 - back)));
      end loop;
    end $$`);
});
afterAll(async () => {
  await owner.end();
  await bff.stop();
});
afterEach(() => jest.restoreAllMocks());

/** The months that a statement looks into, by its plan. */
async function monthsOf(text: string, values: readonly unknown[]): Promise<string[]> {
  const plan = await explained(text, values);
  return [...new Set(plan.match(/audit_event_(\d{4}_\d\d|default)\b/g))];
}

async function explained(what: string, values: readonly unknown[] = []): Promise<string> {
  const { rows } = await owner.query<{ 'QUERY PLAN': string }>(`explain ${what}`, [...values]);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

it.each<[string, () => Promise<unknown>, statements: number]>([
  ['a patch that is applied, and its way into the log', () => patched({}), 1],
  ['the same after a restart', () => forgotten(() => patched({})), 2],
  ['a patch with a key, and its replay', () => twice({ 'Idempotency-Key': 'k' }), 1],
  ['a patch that undoes another one', async () => patched({ 'X-Reverts-Operation': await patched({}) }), 2],
  ['a patch whose outcome is unknown, and a look at it', unknown, 2],
  ['a preview', () => bff.send('POST', `/api/v1/customers/${CUSTOMER.id}/preview`, PATCH), 1],
])('%s: no statement looks into a month that it need not', async (_what, work, least) => {
  const statements = await statementsOf(async () => {
    await work();
    await allSealed(bff);
  }, TRAIL);
  expect(statements.size).toBeGreaterThanOrEqual(least);
  const near = [-1, 0, 1].map(monthAt);
  for (const [text, { values = [] }] of statements)
    expect({ text, others: (await monthsOf(text, values)).filter((month) => !near.includes(month)) }).toEqual(
      {
        text,
        others: [],
      },
    );
});

it('the test sees a statement that looks into all months', async () => {
  const all = await monthsOf('select from audit_record where operation_id = $1', [randomUUID()]);
  expect(all.length).toBeGreaterThan(MONTHS);
});

it('events of an actor are found by index, also by a plan that was made once and where all are of one client', async () => {
  await patched({});
  await owner.query(`insert into audit_record select copy.* from (select * from audit_record order by id desc limit 1) as event,
    generate_series(1, 20000) as n, jsonb_populate_record(null::audit_record, to_jsonb(event) ||
      jsonb_build_object('id', left(event.id::text, 24) || lpad(to_hex(n), 12, '0'))) as copy`);
  await owner.query('analyze audit_record');
  const statements = await statementsOf(() => read(bff, 'audit-events?actor=nobody'), TRAIL);
  const page = [...statements.keys()].find((text) => text.includes('actor_client_id = $')) ?? '';
  const plan = await explained(`(generic_plan) ${page}`);
  // Empty months are looked into in any way.
  for (const column of ['actor_sub', 'actor_client_id'])
    expect(plan).toContain(`using ${monthAt(0)}_tenant_id_${column}_id_idx`);
});

it('the statements of a patch are planned once for each connection', async () => {
  const statements = await statementsOf(() => patched({ 'Idempotency-Key': 'planned' }), TRAIL);
  expect(statements.size).toBeGreaterThan(0);
  for (const [text, { name }] of statements)
    expect({ text, name }).toEqual({ text, name: expect.any(String) as unknown });
});

async function patched(headers: Record<string, string>): Promise<string> {
  const answer = await bff.patch(PATCH, headers);
  expect(answer.status).toBe(200);
  return answer.headers.get('x-operation-id') ?? '';
}

/** As after a restart, or by another instance: events are read before they become leaves. */
function forgotten(work: () => Promise<unknown>): Promise<unknown> {
  jest.spyOn(RecentLeaves.prototype, 'find').mockReturnValue(undefined);
  return work();
}

async function twice(headers: Record<string, string>): Promise<void> {
  await patched(headers);
  await patched(headers);
}

async function unknown(): Promise<void> {
  const usual = bff.upstream.answer;
  bff.upstream.answer = ({ method }, response) => {
    if (method === 'GET') answerJson(response, 200, CUSTOMER);
    else answerJson(response, 502, {});
  };
  const { status, headers } = await bff.patch({ name: 'Something else' });
  expect(status).toBe(502);
  await bff.send('GET', headers.get('location') ?? '');
  bff.upstream.answer = usual;
}

function monthAt(ahead: number): string {
  const now = new Date();
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
  return `audit_event_${month.toISOString().slice(0, 7).replace('-', '_')}`;
}
