import pino from 'pino';
import { storeRetention } from '../src/database/retention.js';
import { verifyExport } from './support/audit-verifier.js';
import { allSealed, exportLines, publicKeys, until } from './support/sealed-trail.js';
import { SkippingClock } from './support/skipping-clock.js';
import { startBff, type TestBff } from './support/start-bff.js';

interface DroppedLine {
  readonly leaf?: { readonly event_id: string; readonly leaf_hash: string };
}

const DAY = 24 * 60 * 60_000;
/** The month three months ago ended more than forty days ago, the last one did not. */
const RETENTION_DAYS = 40;
const [old, last] = [inMonth(-3), inMonth(-1)];

const clock = new SkippingClock();
let bff: TestBff;
let kept: string[] = [];
beforeAll(async () => {
  goTo(old);
  bff = await startBff({ seals: true, clock });
  await patchAndSeal('Old');
  kept = await sealsSoFar();
  goTo(last);
  await patchAndSeal('Last');
  await storeRetention(bff.database.kysely, RETENTION_DAYS, pino({ enabled: false }));
  clock.skip(DAY);
  goTo(new Date());
  await until(() => bff.logs().includes(`"partition":"${nameOf(old)}"`), 'the old month was dropped');
  await patchAndSeal('New');
});
afterAll(() => bff.stop());

it('an export names what retention has dropped, and is valid', async () => {
  const lines = await exportLines(bff);
  const dropped = lines.flatMap((line) => (JSON.parse(line) as DroppedLine).leaf ?? []);
  expect(dropped.length).toBeGreaterThanOrEqual(2);
  for (const { event_id: id } of dropped)
    expect(id).toMatch(new RegExp(`^${old.getTime().toString(16).padStart(12, '0').slice(0, 4)}`));
  expect(lines.join()).not.toContain(dayOf(old));
  expect(lines.join()).toContain(dayOf(last));

  const { code, out, err } = await verifyExport(lines, await publicKeys(bff), kept);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain(`${dropped.length} leaves`);
});

it('a leaf that is left out, or another one, is found', async () => {
  const lines = await exportLines(bff);
  const at = lines.findIndex((line) => line.startsWith('{"leaf"'));
  const without = lines.filter((_, index) => index !== at);
  expect((await verifyExport(without, await publicKeys(bff))).err).toMatch(/leaf \d+ is missing/);
  const other = lines.map((line, index) =>
    index === at ? line.replace(/"leaf_hash":"[0-9a-f]{8}/, '"leaf_hash":"00000000') : line,
  );
  expect((await verifyExport(other, await publicKeys(bff))).err).toMatch(/was changed/);
});

it('an event of a month that is there and whose leaf alone is left was not dropped by retention', async () => {
  const lines = await exportLines(bff);
  const at = lines.findIndex((line) => line.includes(dayOf(last)));
  const { id, seal } = JSON.parse(lines[at] ?? '') as { id: string; seal: { leaf_index: number } };
  const row = await bff.database.kysely
    .selectFrom('audit_leaf')
    .selectAll()
    .where('event_id', '=', id)
    .executeTakeFirstOrThrow();
  const { log, leaf_hash, event_id } = row;
  const leaf = JSON.stringify({ leaf: { log, leaf_index: seal.leaf_index, leaf_hash, event_id } });
  const trailer = JSON.parse(lines.at(-1) ?? '') as { trailer: { count: number } };
  trailer.trailer.count -= 1;
  const forged = lines.with(at, leaf).with(-1, JSON.stringify(trailer));
  expect((await verifyExport(forged, await publicKeys(bff))).err).toMatch(/retention did not drop it/);
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

async function sealsSoFar(): Promise<string[]> {
  const rows = await bff.database.kysely.selectFrom('audit_seal').select('jws').orderBy('seal').execute();
  return rows.map(({ jws }) => jws);
}
