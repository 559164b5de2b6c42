import pino from 'pino';
import { storeRetention } from '../src/database/retention.js';
import { allSealed, checkExport, exportLines, read, readProof, until, vkeysOf } from './support/audit-log.js';
import { SkippingClock } from './support/skipping-clock.js';
import { startBff, type TestBff } from './support/start-bff.js';

const DAY = 24 * 60 * 60_000;
/** The month three months ago ended more than forty days ago, the last one did not. */
const RETENTION_DAYS = 40;
const [old, last] = [inMonth(-3), inMonth(-1)];

const clock = new SkippingClock();
let bff: TestBff;
/** Of the old month. */
let oldIds: string[] = [];
beforeAll(async () => {
  goTo(old);
  bff = await startBff({ seals: true, clock });
  await patchAndSeal('Old');
  oldIds = (await exportLines(bff)).slice(1, -1).map((line) => (JSON.parse(line) as { id: string }).id);
  goTo(last);
  await patchAndSeal('Last');
  await storeRetention(bff.database.kysely, RETENTION_DAYS, pino({ enabled: false }));
  clock.skip(DAY);
  goTo(new Date());
  await until(() => bff.logs().includes(`"partition":"${nameOf(old)}"`), 'the old month was dropped');
  await patchAndSeal('New');
});
afterAll(() => bff.stop());

it('an export has the subtrees of what retention has dropped, and is whole', async () => {
  const lines = await exportLines(bff);
  const [, first, ...others] = lines.map(
    (line) => JSON.parse(line) as { pruned?: { from: number; to: number } },
  );
  const to = first?.pruned?.to ?? 0;
  // The intent and the outcome, and the export that was made then.
  expect(to).toBeGreaterThanOrEqual(oldIds.length);
  expect(first?.pruned).toMatchObject({ from: 0 });
  expect(others.filter(({ pruned }) => pruned !== undefined)).toEqual([]);
  expect(lines.join()).not.toContain(dayOf(old));
  expect(lines.join()).toContain(dayOf(last));
  expect(checkExport(lines, await vkeysOf(bff))).toMatchObject({ pruned: to, events: lines.length - 3 });
});

it('a later part of the log has only what is behind its first leaf', async () => {
  const whole = await exportLines(bff);
  const to = (JSON.parse(whole[1] ?? '') as { pruned: { to: number } }).pruned.to;
  const half = await exportLines(bff, {}, '?after_leaf=0');
  expect(JSON.parse(half[0] ?? '')).toMatchObject({ export: { from_leaf: 1 } });
  expect(JSON.parse(half[1] ?? '')).toMatchObject({ pruned: { from: 1, to } });
  const kept = await exportLines(bff, {}, `?after_leaf=${to - 1}`);
  expect(kept.slice(1, 4)).toEqual(whole.slice(2, 5));
});

it('events that are gone still have a proof', async () => {
  const { status, body } = await read(bff, `audit-events/${oldIds[0] ?? ''}/proof`);
  expect(status).toBe(200);
  expect(readProof(String(body)).index).toBe(0);
});

/** Sets the wall clock; by the database's, no time passes. */
function goTo(time: Date): void {
  clock.step(time.getTime() - clock.now());
}

function inMonth(from: number): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + from, 10, 12));
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 11);
const nameOf = (date: Date): string => `audit_event_${date.toISOString().slice(0, 7).replace('-', '_')}`;

async function patchAndSeal(name: string): Promise<void> {
  expect((await bff.patch({ name })).status).toBe(200);
  await allSealed(bff);
}
