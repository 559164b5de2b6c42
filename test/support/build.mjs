import { execFile } from 'node:child_process';
import { readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const LAST_WRITTEN = 'dist/main.js';
const SETTINGS = [
  'nest-cli.json',
  'package-lock.json',
  'scripts/bundle.mjs',
  'tsconfig.json',
  'tsconfig.build.json',
];

/** Builds dist/, unless it is newer than all it is made from. Types are not checked: `npm run check` does that. */
export async function build() {
  const startedAt = new Date();
  const builtAt = statSync(LAST_WRITTEN, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (newest('src', ...SETTINGS) < builtAt) return;
  try {
    await execute('npx', ['nest', 'build', '--path', 'tsconfig.unchecked.json']);
    await execute(process.execPath, ['scripts/bundle.mjs']);
  } catch (error) {
    throw new Error(`the build fails:\n${error.stdout}${error.stderr}`, { cause: error });
  }
  // What was edited meanwhile is newer.
  utimesSync(LAST_WRITTEN, startedAt, startedAt);
}

/** When the last of these files and folders changed, in milliseconds; a folder changes with its list of files. */
function newest(...paths) {
  const times = paths.map((path) => {
    const { mtimeMs } = statSync(path);
    const inside = statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [];
    return Math.max(mtimeMs, inside.length === 0 ? 0 : newest(...inside));
  });
  return Math.max(...times);
}
