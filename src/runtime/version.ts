import { readFileSync } from 'node:fs';

/** The version in package.json, for `User-Agent` and the OpenAPI document. */
export const VERSION = readVersion(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

function readVersion(packageJson: string): string {
  return /"version":\s*"([0-9A-Za-z.+-]+)"/.exec(packageJson)?.[1] ?? '0.0.0';
}
