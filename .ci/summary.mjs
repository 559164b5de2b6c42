// Adds up jest's results; a suite that did not run, or skipped a test, is a failed one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , folder = '.'] = process.argv;
let passed = 0;
let failed = 0;
for (const name of ['embedded', 'postgres', 'browser']) {
  const result = read(join(folder, `${name}.json`));
  const skipped = result.numPendingTests + result.numTodoTests;
  console.log(
    `${name}: ${result.numPassedTests} passed, ${result.numFailedTests} failed, ${skipped} skipped`,
  );
  passed += result.numPassedTests;
  failed += result.numFailedTests + result.numRuntimeErrorTestSuites + skipped;
  if (result.numTotalTests === 0) failed += 1;
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    const nothing = {
      numPassedTests: 0,
      numFailedTests: 0,
      numPendingTests: 0,
      numTodoTests: 0,
      numTotalTests: 0,
    };
    return { ...nothing, numRuntimeErrorTestSuites: 1 };
  }
}
