import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { BffProcess, createSurroundings, killAll } from './support/bff-process.js';
import { TestIdentityProvider } from './support/identity-provider.js';
import { TestUpstream } from './support/upstream.js';

// Needs promtool (Debian: prometheus), so it is not among the tests that need no other program.

const execute = promisify(execFile);
beforeAll(async () => {
  await execute('promtool', ['--version']).catch(() => {
    throw new Error('promtool is not installed: apt-get install prometheus');
  });
});
afterEach(killAll);

it.each([
  ['check', 'rules', 'ops/prometheus/rules.yaml'],
  ['test', 'rules', 'ops/prometheus/rules.test.yaml'],
])('promtool %s %s %s', async (...words) => {
  await expect(execute('promtool', words)).resolves.toMatchObject({ stderr: '' });
});

it('promtool finds nothing on /metrics that is not in the names of prom-client', async () => {
  const [upstream, idp] = await Promise.all([TestUpstream.start(), TestIdentityProvider.start()]);
  const around = await createSurroundings(upstream, idp);
  const bff = await BffProcess.start(around.settings);
  const metrics = await (await fetch(`${bff.url ?? ''}/metrics`)).text();
  await killAll();
  await Promise.all([upstream.stop(), idp.stop(), around.remove()]);
  const { error, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: metrics, encoding: 'utf8' });
  expect(error).toBeUndefined();
  const ours = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('nodejs_'));
  expect(ours).toEqual([]);
  // It did look: prom-client's own names are what it complains of.
  expect(stderr).toMatch(/^nodejs_/m);
});
