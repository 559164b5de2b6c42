// npm run bench [-- --quick]: a patch beside its peers, what it leaves in the database, the worst bodies, and its parts.
// One after the other, each as a process of its own; a part that could not measure does not stop the next.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const PARTS = ['compare.mjs', 'storage.mjs', 'bodies.mjs', 'micro.mjs'];

const failed = PARTS.filter((part) => {
  console.log(`\n== ${part}\n`);
  const file = fileURLToPath(new URL(part, import.meta.url));
  return spawnSync(process.execPath, [file, ...process.argv.slice(2)], { stdio: 'inherit' }).status !== 0;
});
if (failed.length > 0) {
  console.error(`\nNot measured, or a limit was missed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
