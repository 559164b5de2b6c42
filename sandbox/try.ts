import { randomInt } from 'node:crypto';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, SandboxFault } from './fault.js';
import { tryPatch } from './try-patch.js';
import { tryList } from './try-plan.js';
import { report } from './try-report.js';

const USAGE = 'Usage: npm run try -- [name] [--json], or npm run try -- --list';

/** `npm run try`: one patch through the running sandbox, from the token to the audit trail. */
try {
  for (const line of await linesFor(argumentsOf(process.argv.slice(2)))) console.log(line);
} catch (error) {
  console.error(error instanceof SandboxFault ? error.message : error);
  process.exitCode = 1;
}

async function linesFor({ name, list, json }: ReturnType<typeof argumentsOf>): Promise<string[]> {
  if (list) return tryList();
  const run = randomInt(100_000_000, 1_000_000_000);
  const attempt = await tryPatch({
    env: process.env,
    root: path.resolve(import.meta.dirname, '..'),
    name,
    run,
  });
  return json ? [JSON.stringify(attempt, null, 2)] : report(attempt);
}

function argumentsOf(given: readonly string[]): { name: string | undefined; list: boolean; json: boolean } {
  const options = {
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...given], options, allowPositionals: true });
    const [name, ...others] = positionals;
    if (others.length === 0) return { name, list: values.list, json: values.json };
  } catch (error) {
    throw new SandboxFault(`${messageOf(error)}\n${USAGE}`);
  }
  throw new SandboxFault(USAGE);
}
