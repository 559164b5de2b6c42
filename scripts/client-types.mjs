// Writes the client's types from an OpenAPI document; with --check it compares them with those that are there.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const TARGET = new URL('../client/src/schema.ts', import.meta.url);

const [document, flag] = process.argv.slice(2);
if (document === undefined) throw new Error('name the OpenAPI document');

const types = astToString(await openapiTS(pathToFileURL(document), { silent: true }));
const content = `// Written by \`npm run client:types\` from the service's own OpenAPI document.\n\n${types}`;
if (flag !== '--check') {
  writeFileSync(TARGET, content);
} else if (readFileSync(TARGET, 'utf8') !== content) {
  console.error('client/src/schema.ts is not what /openapi.json says: run npm run client:types');
  process.exitCode = 1;
}
