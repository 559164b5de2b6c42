// npm run test:nodes [-- jest's arguments]: the tests on each version of Node that is promised, with the registry's
// `node` packages. Nothing of them is installed by `npm ci`.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const VERSIONS = ['20.19', '22', '24'];

const failed = VERSIONS.filter((version) => {
  console.log(`\n== Node ${version}`);
  const jest = ['node', 'node_modules/jest/bin/jest.js', ...process.argv.slice(2)];
  const command = ['exec', '--yes', '--package', `node@${version}`, '--', ...jest];
  return spawnSync('npm', command, { stdio: 'inherit' }).status !== 0;
});
if (failed.length > 0) {
  console.error(`\nThe tests fail on Node ${failed.join(', ')}`);
  process.exitCode = 1;
}
