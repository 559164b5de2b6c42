// Whether the service's memory grows with the number of patches, collected at each look or as it comes.
// After `npm run build`: node bench/memory.mjs [patches, 300,000 if absent] [--keyed] [--no-collect]
import { pin, prepare, run, start, startSurroundings } from './harness.mjs';
import { handleBilling, requestWith, startLoad } from './patches.mjs';
import { number, print } from './report.mjs';

const PATCHES = Number(process.argv[2] ?? 300_000);
/** Seconds between two looks, and milliseconds for everything. */
const SLICE = 10;
const COLLECTS = !process.argv.includes('--no-collect');
const DEADLINE = 3_600_000;

await run(async () => {
  pin();
  const surroundings = await startSurroundings(handleBilling);
  const load = await startLoad();
  const bff = await start(await prepare('bench_memory', ['a'], surroundings));
  const headers = { authorization: `Bearer ${surroundings.token}`, 'x-tenant-id': 'a' };
  const request = requestWith(headers, process.argv.includes('--keyed'));
  const rows = [['patches', 'RSS MB', 'of it in use after a collection: heap and buffers, MB']];
  for (let done = 0, next = 0; done < PATCHES;) {
    const { times } = await load({ url: bff.url, request, seconds: SLICE });
    done += times.length;
    if (done < next) continue;
    next += PATCHES / 30;
    const rss = bff.rssMb();
    rows.push([String(done), number(rss), COLLECTS ? number(await bff.heapMb()) : '']);
    console.error(rows.at(-1).join('  '));
  }
  print(rows);
}, DEADLINE);
