import { verifyExport } from './support/audit-verifier.js';
import { allSealed, exportLines, publicKeys, until } from './support/sealed-trail.js';
import { SkippingClock } from './support/skipping-clock.js';
import { startBff, type TestBff } from './support/start-bff.js';

interface DroppedLine {
  readonly leaf?: { readonly event_id: string; readonly leaf_hash: string };
}

const clock = new SkippingClock();
let bff: TestBff;
let kept: string[] = [];
beforeAll(async () => {
  goTo('2025-02-10T12:00:00Z');
  bff = await startBff({ seals: true, settings: { AUDIT_RETENTION_DAYS: '30' }, clock });
  await patchAndSeal('February');
  kept = await sealsSoFar();
  goTo('2025-03-05T12:00:00Z');
  await patchAndSeal('March');
  // The end of February is more than thirty days ago, that of March is not.
  goTo('2025-04-15T12:00:00Z');
  await until(() => bff.logs().includes('"partition":"audit_event_2025_02"'), 'February was dropped');
  await patchAndSeal('April');
});
afterAll(() => bff.stop());

it('an export names what retention has dropped, and is valid', async () => {
  const lines = await exportLines(bff);
  const dropped = lines.flatMap((line) => (JSON.parse(line) as DroppedLine).leaf ?? []);
  expect(dropped.length).toBeGreaterThanOrEqual(2);
  for (const { event_id: id } of dropped) expect(id).toMatch(/^0194e/);
  expect(lines.join()).not.toContain('2025-02-10T');
  expect(lines.join()).toContain('2025-03-05T');

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
  const at = lines.findIndex((line) => line.includes('2025-03-05T'));
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

function goTo(time: string): void {
  clock.skip(Date.parse(time) - clock.now());
}

async function patchAndSeal(name: string): Promise<void> {
  expect((await bff.patch({ name })).status).toBe(200);
  await allSealed(bff);
}

async function sealsSoFar(): Promise<string[]> {
  const rows = await bff.database.kysely.selectFrom('audit_seal').select('jws').orderBy('seal').execute();
  return rows.map(({ jws }) => jws);
}
