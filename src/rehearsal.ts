import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { duplexPair } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exportJWK, SignJWT } from 'jose';
import type { ClaimPath } from './config/claim-path.js';
import type { Config } from './config/config.js';
import { createApp } from './create-app.js';
import { KeyRing } from './crypto/key-ring.js';
import { createLogger } from './http/logger.js';
import { StandInsModule } from './rehearsal-stand-ins.js';
import { SystemClock } from './runtime/clock.js';
import { Ids } from './runtime/ids.js';
import { tokenContext } from './tenants/tenant-change.js';

/** Patches at most, and milliseconds after which no further one begins. */
const PATCHES = 50;
const TIME = 600;

/**
 * Patches a customer many times before the service accepts requests, so that Node has compiled the code: the first
 * patches take a hundred times as long. They are sent to a second application, which knows neither the database nor the
 * billing API nor the log (ADR 0037).
 * @returns how many patches were sent, and how many of them were answered 200
 */
export async function rehearse(
  config: Config,
): Promise<{ readonly sent: number; readonly succeeded: number }> {
  const { setting, tenant, token } = await invent(config);
  const clock = new SystemClock();
  const runtime = { config: setting, environment: {}, clock, ids: new Ids(clock), logger: SILENT };
  const app = await createApp(runtime, StandInsModule.with(tenant, BEFORE));
  try {
    await app.getHttpAdapter().getInstance().ready();
    const until = clock.monotonic() + TIME;
    let [sent, succeeded] = [0, 0];
    for (; sent < PATCHES && clock.monotonic() < until; sent += 1)
      if ((await send(app, token)) === 200) succeeded += 1;
    return { sent, succeeded };
  } finally {
    await app.close();
  }
}

const SILENT = createLogger('info', { write: () => undefined });

const TENANT = 'rehearsal';
const VERSION = 1;

/** Settings, a tenant and a caller with keys of their own: nothing of theirs is good for anything else. */
async function invent(config: Config): Promise<{
  readonly setting: Config;
  readonly tenant: Readonly<Record<string, unknown>>;
  readonly token: string;
}> {
  const encryptionKey = { kid: 'rehearsal', key: randomBytes(32) };
  const { jwe, kid } = await new KeyRing([encryptionKey]).encrypt(
    Buffer.from('rehearsal'),
    tokenContext(TENANT, VERSION),
  );
  const now = new Date();
  const tenant = {
    id: TENANT,
    name: TENANT,
    status: 'active',
    billing_api_url: null,
    invoicing_entities: null,
    tenant_id: TENANT,
    version: VERSION,
    token: jwe,
    kid,
    fingerprint: '',
    created_at: now,
    last_used_at: now,
    retired_at: null,
    rejected_at: null,
    probed_at: null,
  };
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] });
  const audience = 'rehearsal';
  const token = await new SignJWT({ client_id: TENANT, scope: 'customers:write', tenant_id: TENANT })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(config.auth.issuer)
    .setAudience(audience)
    .setSubject(TENANT)
    .setExpirationTime('1h')
    .sign(privateKey);
  const others: Partial<Config> = {
    auth: {
      ...config.auth,
      jwksUrl: new URL(`data:application/json,${encodeURIComponent(keys)}`),
      algorithms: ['ES256'],
      audiences: [audience],
      audienceClaim: claim('aud'),
      scopeClaims: [claim('scope')],
      scopePrefix: '',
      tenantClaim: claim('tenant_id'),
    },
    databaseUrl: undefined,
    tenantsFile: undefined,
    encryptionKeys: [encryptionKey],
    auditLog: {
      ...config.auditLog,
      signingKeys: [{ kid: 'rehearsal', seed: randomBytes(32) }],
      witnesses: [],
    },
    rateLimitPerMinute: 0,
    swagger: { enabled: false, oauth: undefined, customers: {} },
    console: { enabled: false, oauth: undefined },
  };
  return { setting: Object.assign({}, config, others), tenant, token };
}

const claim = (name: string): ClaimPath => ({ name, steps: [name] });

/** Over a connection within the process. */
function send(app: NestFastifyApplication, token: string): Promise<number | undefined> {
  const [ours, theirs] = duplexPair();
  app.getHttpServer().emit('connection', theirs);
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const path = `/api/v1/customers/${CUSTOMER_ID}`;
  return new Promise((resolve, reject) => {
    const sent = request({ createConnection: () => ours, method: 'PATCH', path, headers });
    sent.once('error', reject);
    sent.once('response', (response) => {
      response.resume();
      response.once('end', () => {
        ours.destroy();
        theirs.destroy();
        resolve(response.statusCode);
      });
    });
    sent.end(PATCH);
  });
}

const CUSTOMER_ID = 'cus_7n42DGM5Tflk9n8mt7Fhc7';
/** Differs in every field from what is patched. */
const BEFORE = { id: CUSTOMER_ID, name: 'Globex', alias: null, billing_email: null, currency: 'USD' };
const ADDRESS = { line1: '1 Main Street', line2: '', city: 'Berlin', state: '', zip_code: '10115' };
const PATCH = JSON.stringify({
  alias: 'rehearsal',
  billing_address: { ...ADDRESS, country: 'DE' },
  billing_email: 'rehearsal@example.com',
  currency: 'EUR',
  custom_taxes: [{ name: 'City tax', rate: '2.5', tax_code: 'CITY' }],
  invoicing_emails: ['rehearsal@example.com'],
  invoicing_entity_id: 'ive_1',
  is_tax_exempt: true,
  name: 'Rehearsal',
  phone: '+49 30 1234567',
  shipping_address: { same_as_billing: false, address: ADDRESS },
  vat_number: 'DE123456789',
});
