// Writes the OpenAPI document of the build in dist/ to the file that is named, without serving anything.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { createApiDocument } from '../dist/api-document.js';
import { readEnvironment } from '../dist/config/environment.js';
import { createApp } from '../dist/create-app.js';
import { createLogger } from '../dist/http/logger.js';
import { SystemClock } from '../dist/runtime/clock.js';
import { Ids } from '../dist/runtime/ids.js';

const [, , target] = process.argv;
if (target === undefined) throw new Error('name the file to write');

const folder = mkdtempSync(join(tmpdir(), 'bff-openapi-'));
const config = readEnvironment({
  AUTH_ISSUER: 'https://idp.example.com/',
  AUTH_AUDIENCE: 'billing-bff',
  AUTH_JWKS_URL: 'https://idp.example.com/jwks',
  BILLING_API_URL: 'https://billing.example.com',
  DATA_DIR: folder,
});
const clock = new SystemClock();
const logger = createLogger('silent');
const app = await createApp({ config, environment: {}, clock, ids: new Ids(clock), logger });
writeFileSync(target, `${JSON.stringify(createApiDocument(app, config), null, 2)}\n`);
await app.close();
rmSync(folder, { recursive: true, force: true });
