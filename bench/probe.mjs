// Asks /health/live as an orchestrator does, each time on a new connection, in a process that does nothing else.
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { request } from 'undici';
import { steady } from './callers.mjs';

const { url, every, ms } = JSON.parse(process.argv[2]);

async function probe() {
  const began = performance.now();
  const { statusCode, body } = await request(`${url}/health/live`, { headers: { connection: 'close' } });
  await body.text();
  return { status: statusCode, ms: performance.now() - began };
}

let probes;
process.on('message', async (message) => {
  if (message === 'go') probes = steady(probe, ms, every);
  else process.send(await probes, () => process.exit());
});
process.once('disconnect', () => process.exit());
// The first request of a process loads and compiles the client.
await probe();
process.send('ready');
