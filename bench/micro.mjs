// The parts of a patch of all twelve fields that use the CPU, each alone and warm, beside what it replaces.
// After `npm run build`: node bench/micro.mjs [--quick]
import 'reflect-metadata';
import { Buffer } from 'node:buffer';
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import theirCanonicalize from 'canonicalize';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { CompactEncrypt, jwtVerify, SignJWT } from 'jose';
import { ChangeValues } from '../dist/audit/change-values.js';
import { columnsOf, textOf } from '../dist/audit-log/stored-event.js';
import { VerifiedTokens } from '../dist/auth/verified-tokens.js';
import { AppKeys } from '../dist/crypto/app-keys.js';
import { canonicalize } from '../dist/crypto/canonical.js';
import { DataKey } from '../dist/crypto/data-key.js';
import { intendedChanges, intendedValues } from '../dist/customers/audit-changes.js';
import { PatchCustomerDto } from '../dist/customers/dto/patch-customer.dto.js';
import { EntityTags } from '../dist/customers/entity-tags.js';
import { diffOf } from '../dist/customers/patch-diff.js';
import { validateDto } from '../dist/http/dto-validation.js';
import { SystemClock } from '../dist/runtime/clock.js';
import { BEFORE, requestWith } from './patches.mjs';
import { median, print } from './report.mjs';

/** Of each, in turn; and the milliseconds of one. The first is warm-up, and does not count. */
const ROUNDS = process.argv.includes('--quick') ? 4 : 10;
const ROUND = 100;
/** Calls between two looks at the clock. */
const CALLS = 50;

const PLACE = 'audit-event 0198f000-0000-7000-8000-000000000001';

async function parts() {
  const patch = JSON.parse(requestWith({}).body);
  const diff = diffOf(patch, BEFORE);
  const values = intendedValues(diff);
  const bytes = randomBytes(32);
  const key = new DataKey(bytes);
  const trail = new ChangeValues({ keyOf: () => Promise.resolve(key) }, undefined);
  const owner = { id: '0198f000-0000-7000-8000-000000000001', tenant_id: 'a', customerId: BEFORE.id };
  const commit = async () => trail.commit(owner, intendedChanges(diff), values);
  const event = eventWith((await commit()).changes);
  const secret = JSON.stringify(values);
  const { token, verified, verify } = await tokens();
  const tags = new EntityTags(await appKeys());
  return [
    [
      'body checked',
      () => validateDto(PatchCustomerDto, patch),
      'class-validator, class-transformer',
      () => validateSync(plainToInstance(PatchCustomerDto, patch), VALIDATION),
    ],
    ['event in canonical form', () => canonicalize(event), 'canonicalize', () => theirCanonicalize(event)],
    ['– as the service makes it', () => textOf(event), 'canonicalize', () => theirCanonicalize(event)],
    ['event as columns', () => columnsOf(event), 'JSON.stringify', () => JSON.stringify(event)],
    [
      'values encrypted',
      () => key.encrypt(secret, PLACE),
      'a JWE of jose',
      () =>
        new CompactEncrypt(Buffer.from(secret))
          .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', ctx: PLACE })
          .encrypt(bytes),
    ],
    [
      'masks, commitments, values encrypted',
      commit,
      'commitments alone, a random salt each',
      () => values.flatMap(({ before, after }) => [randomlySalted(before), randomlySalted(after)]),
    ],
    ['entity tag', () => tags.tagOf('a', BEFORE)],
    ['token in the cache', () => verified.find(token), 'verified by jose (ES256)', verify],
  ];
}

const VALIDATION = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };

function randomlySalted(value) {
  return createHmac('sha256', randomBytes(16))
    .update(theirCanonicalize(value) ?? 'null')
    .digest('hex');
}

/** An intent. */
function eventWith(changes) {
  const id = '0198f000-0000-7000-8000-000000000001';
  return {
    action: 'customer.patch',
    actor: { client_id: 'bench', scopes: ['customers:write'], sub: 'bench', type: 'service' },
    changes,
    credential: { fingerprint: '0123456789abcdef0123456789abcdef', version: 1 },
    id,
    occurred_at: '2026-11-26T12:00:00.000Z',
    operation_id: id,
    origin: { ip: '192.0.2.1', user_agent: null },
    outcome: 'pending',
    phase: 'intent',
    request_id: id,
    status: null,
    target: { customer_id: BEFORE.id, ref: BEFORE.id },
    tenant_id: 'a',
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    upstream: null,
  };
}

async function tokens() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signed = new SignJWT({ scope: 'customers:write', client_id: 'bench', sub: 'bench' });
  const token = await signed.setProtectedHeader({ alg: 'ES256' }).setExpirationTime('1h').sign(privateKey);
  const clock = new SystemClock();
  const verified = new VerifiedTokens(clock);
  verified.remember(token, { sub: 'bench' }, clock.now() + 3_600_000);
  return { token, verified, verify: () => jwtVerify(token, publicKey) };
}

/** With keys that were never stored. */
async function appKeys() {
  const row = { kid: 'bench', wrapped: '' };
  const query = { select: () => query, where: () => query, executeTakeFirst: () => Promise.resolve(row) };
  const ring = { currentKid: 'bench', decrypt: () => Promise.resolve(randomBytes(32)) };
  const keys = new AppKeys({ kysely: { selectFrom: () => query } }, ring, new SystemClock());
  await keys.onModuleInit();
  return keys;
}

/** Microseconds of CPU of one call, all threads. */
async function costOf(call) {
  const until = performance.now() + ROUND;
  const before = process.cpuUsage();
  let calls = 0;
  do {
    for (let n = 0; n < CALLS; n += 1) {
      const result = call();
      if (result instanceof Promise) await result;
    }
    calls += CALLS;
  } while (performance.now() < until);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

async function measure([what, ours, peer, theirs]) {
  const costs = { ours: [], theirs: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    costs.ours.push(await costOf(ours));
    if (theirs !== undefined) costs.theirs.push(await costOf(theirs));
  }
  const own = median(costs.ours.slice(1));
  if (theirs === undefined) return [what, own.toFixed(1), '', '', ''];
  const other = median(costs.theirs.slice(1));
  return [what, own.toFixed(1), peer, other.toFixed(1), (own / other).toPrecision(2)];
}

const rows = [['', 'CPU µs', 'instead of', 'CPU µs', '×']];
for (const part of await parts()) rows.push(await measure(part));
print(rows);
