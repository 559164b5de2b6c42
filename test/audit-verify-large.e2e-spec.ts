import { Auditor } from './support/auditor.js';
import { SyntheticTrail } from './support/synthetic-trail.js';

const MONTH = Date.UTC(2026, 9, 1);
/** Here the events of two months take turns; what is of the earlier one was dropped, leaf by leaf. */
const MIXED = 12_000;
const LEAVES = 20_000;
/** A checkpoint was kept so often. */
const KEPT_EVERY = 2_000;
/** Megabytes of heap: the export is twice that, and Node.js itself takes a quarter. */
const HEAP = 24;
/** Milliseconds. Whoever goes back to the first leaf for each dropped one needs minutes. */
const SOON = 20_000;

it('a large export with thousands of dropped ranges is verified soon, and never held in memory', async () => {
  const auditor = await Auditor.atWork();
  try {
    const trail = new SyntheticTrail();
    while (trail.leaves.length < LEAVES) trail.add(MONTH + trail.leaves.length, { note: 'x'.repeat(4_000) });
    const pruned = Array.from({ length: MIXED / 2 }, (_, n) => [2 * n, 2 * n + 1] as const);
    const sizes = Array.from({ length: LEAVES / KEPT_EVERY }, (_, n) => (n + 1) * KEPT_EVERY);
    const checkpoints = sizes.map((size) => trail.checkpoint(size)).join('');
    const evidence = { exported: trail.export({ pruned }), keys: [trail.key.vkey], checkpoints };
    const began = Date.now();
    const { code, out, err } = await auditor.verify(evidence, 'state.json', [`--max-old-space-size=${HEAP}`]);
    expect([code, err]).toEqual([0, '']);
    expect(Date.now() - began).toBeLessThan(SOON);
    expect(out).toContain(`${MIXED / 2} leaves without their events, in ${MIXED / 2} ranges`);
    expect(out).toContain(`${sizes.length} checkpoints kept outside: all agree`);
  } finally {
    await auditor.leave();
  }
});
