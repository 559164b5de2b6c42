import { sql } from 'kysely';
import { RecentLeaves } from '../src/audit-log/recent-leaves.js';
import { allSealed } from './support/audit-log.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { statementsOf } from './support/statements.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff({ seals: true });
});
afterAll(() => bff.stop());
afterEach(() => jest.restoreAllMocks());

/** A step of a plan, of those that `explain (format json)` shows. */
interface Step {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly Step[];
}

const READS = ['Seq Scan', 'Index Scan', 'Index Only Scan', 'Bitmap Index Scan'];

/** The steps that read a table or an index, of the plan that the service's own session has for any parameters. */
async function readsOf(text: string): Promise<Step[]> {
  const { rows } = await sql
    .raw<{ 'QUERY PLAN': { Plan: Step }[] }>(`explain (generic_plan, format json) ${text}`)
    .execute(bff.database.kysely);
  const all = (step: Step): Step[] => [step, ...(step.Plans ?? []).flatMap(all)];
  const steps = rows.flatMap((row) => row['QUERY PLAN']).flatMap(({ Plan }) => all(Plan));
  return steps.filter((step) => READS.includes(step['Node Type']));
}

/** Patches with keys, a replay, one without an outcome, and their way into the log; as after a restart, read again. */
async function patches(): Promise<void> {
  jest.spyOn(RecentLeaves.prototype, 'find').mockReturnValue(undefined);
  for (const key of ['one', 'one', 'two']) await bff.patch({ name: 'Acme AG' }, { 'Idempotency-Key': key });
  bff.upstream.answer = ({ method }, response) => {
    if (method === 'GET') answerJson(response, 200, CUSTOMER);
    else answerJson(response, 502, {});
  };
  expect((await bff.patch({ name: 'Something else' })).status).toBe(502);
  await allSealed(bff);
}

it('by plans made while every table is empty, the statements of patches read no table from end to end', async () => {
  const statements = await statementsOf(patches, /\$1/);
  expect(statements.size).toBeGreaterThan(15);
  const reads = (await Promise.all([...statements.keys()].map(readsOf))).flat();
  const whole = reads.filter((step) => step['Index Cond'] === undefined);
  expect([...new Set(whole.map((step) => step['Index Name'] ?? step['Relation Name']))].sort()).toEqual([
    // Only logs with something to sign are in it.
    'audit_log_unsigned',
    // One entry, the first.
    'audit_pending_log',
  ]);
});

it('an earlier outcome is looked for by its operation, not among all events since then', async () => {
  const statements = await statementsOf(patches, /with opened/);
  const [text = ''] = statements.keys();
  const months = (await readsOf(text)).filter((step) => step['Relation Name']?.startsWith('audit_event_'));
  expect(months.length).toBeGreaterThan(0);
  for (const step of months) expect(step['Index Cond']).toContain('operation_id = ');
});
