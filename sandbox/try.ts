import { randomInt } from 'node:crypto';
import path from 'node:path';
import { SandboxFault } from './fault.js';
import { tryPatch } from './try-patch.js';

/** `npm run try`: one patch through the running sandbox, from the token to the audit trail. */
try {
  await tryPatch({
    env: process.env,
    root: path.resolve(import.meta.dirname, '..'),
    run: randomInt(100_000_000, 1_000_000_000),
    print: (line) => {
      console.log(line);
    },
  });
} catch (error) {
  console.error(error instanceof SandboxFault ? error.message : error);
  process.exitCode = 1;
}
