import { readFileSync } from 'node:fs';

/** The console as the build made it, from `console/`: a page, its script and its style. */
export interface ConsoleFiles {
  readonly page: string;
  readonly script: string;
  readonly style: string;
}

/** Reads dist/console-assets: beside this file's folder, and beside that of the bundle. */
export function readConsoleFiles(): ConsoleFiles {
  const read = (name: string): string =>
    readFileSync(new URL(`../console-assets/${name}`, import.meta.url), 'utf8');
  return { page: read('index.html'), script: read('console.js'), style: read('console.css') };
}
