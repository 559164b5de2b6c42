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

const CLIENT = 'client/dist/client.js';
const CLIENT_SETTINGS = ['client/package.json', 'client/tsconfig.json'];

/**
 * Builds dist/ and client/dist/, unless they are newer than all they are made from. Types are not checked: `npm run check`
 * does that.
 */
export async function build() {
  await unlessNewer(
    LAST_WRITTEN,
    ['src', 'console', 'client/src', ...SETTINGS],
    [
      ['npx', 'nest', 'build', '--path', 'tsconfig.unchecked.json'],
      [process.execPath, 'scripts/bundle.mjs'],
    ],
  );
  await unlessNewer(
    CLIENT,
    ['client/src', ...CLIENT_SETTINGS],
    [['npx', 'tsc', '-p', 'client', '--noCheck']],
  );
}

async function unlessNewer(lastWritten, sources, commands) {
  const startedAt = new Date();
  const builtAt = statSync(lastWritten, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (newest(...sources) < builtAt) return;
  try {
    for (const [command, ...given] of commands) await execute(command, given);
  } catch (error) {
    throw new Error(`the build fails:\n${error.stdout}${error.stderr}`, { cause: error });
  }
  // What was edited meanwhile is newer.
  utimesSync(lastWritten, startedAt, startedAt);
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
