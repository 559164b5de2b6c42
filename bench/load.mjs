// The load of `compare.mjs`, as a process of its own: closed (each connection asks again at once), or at a steady rate.
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';

const { connections } = JSON.parse(process.argv[2]);
const pools = new Map();
let turn = 0;

process.on('message', async ({ url, request, seconds, perSecond }) => {
  const pool = pools.get(url) ?? new Pool(url, { connections, pipelining: 1 });
  pools.set(url, pool);
  const send = sender(pool, request);
  const began = performance.now();
  const times =
    perSecond === undefined ? await closed(send, seconds) : await steady(send, seconds, perSecond);
  process.send({ times, seconds: (performance.now() - began) / 1_000 });
});
process.once('disconnect', () => process.exit());
process.send('ready');

/** Every request has a name of its own, and a key where `request` wants one. */
function sender(pool, { path, headers, body, keyed }) {
  return async () => {
    turn += 1;
    const began = performance.now();
    const answer = await pool.request({
      path,
      method: 'PATCH',
      headers: keyed ? { ...headers, 'idempotency-key': `${process.pid}-${turn}` } : headers,
      body: body.replace('Acme GmbH', `Acme ${turn}`),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}: ${text}`);
    return performance.now() - began;
  };
}

async function closed(send, seconds) {
  const until = performance.now() + 1_000 * seconds;
  const times = [];
  const connection = async () => {
    while (performance.now() < until) times.push(await send());
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return times;
}

/** Whether or not the one before was answered. */
async function steady(send, seconds, perSecond) {
  const began = performance.now();
  const times = [];
  for (let n = 0; n < seconds * perSecond; n += 1) {
    const wait = began + (1_000 * n) / perSecond - performance.now();
    if (wait > 1) await sleep(wait);
    times.push(send());
  }
  return Promise.all(times);
}
