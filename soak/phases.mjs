// What happens, in turn: each phase breaks something for a while, mends it, and says which failures are due until the
// service has recovered. A phase that names none is one that callers must not notice.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { restartPostgres } from '../test/support/postgres-server.mjs';
import { childrenOf, postmasterOf } from '../bench/processes.mjs';

/** Milliseconds that a changed tenants' file may take (docs/reference/operating.md), and some for the machine. */
const FILE_WITHIN = 6_000;
/** Milliseconds of a stall, at least and at most. */
const STALL = { least: 4_000, most: 12_000 };
/** Milliseconds after which nobody waits for the lease of a dead `If-Match` patch any more: its deadline. */
const LEASE = 16_000;
/** Milliseconds that the flapping billing API is up or down. */
const FLAP_EVERY = 1_500;

/** Another patch of the customer with `If-Match`, whose instance is gone, is waited for in vain. */
const LEASE_OF_THE_DEAD = '503 billing-unavailable';
/** A database that does not answer, or not for writing. Without it no key is claimed, no event is stored or read. */
const WITHOUT_DATABASE = ['503 audit-unavailable'];
/** Breaker and bulkhead included. */
const WITHOUT_BILLING = ['502 billing-unreachable', '503 billing-unavailable', '502 billing-failed'];

/**
 * By name: `share` of the time, `due` failures, `recovers`: milliseconds that the service may take once it is mended,
 * `does`: breaks something for so many milliseconds and mends it.
 */
export const PHASES = {
  'warming up': { share: 1, does: (_, ms) => sleep(ms) },
  'kill -9': { share: 2, due: ['lost', 'cut off', LEASE_OF_THE_DEAD], recovers: 15_000, does: killInTurn },
  'rolling restart': { share: 1.5, does: restartInTurn },
  'rolling upgrade': { share: 1.5, does: upgrade },
  steady: { share: 3, does: (_, ms) => sleep(ms) },
  'database restarted': {
    share: 1.5,
    due: [...WITHOUT_DATABASE, 'cut off'],
    recovers: 15_000,
    does: restartDatabase,
  },
  'database read-only': { share: 1, due: [...WITHOUT_DATABASE, 'cut off'], recovers: 15_000, does: readOnly },
  'disk stalled': { share: 1, due: [...WITHOUT_DATABASE, 'cut off'], recovers: 20_000, does: stall },
  'billing API down': { share: 1, due: WITHOUT_BILLING, recovers: 15_000, does: takeDown },
  'billing API slow': {
    share: 1.5,
    due: [...WITHOUT_BILLING, '504 billing-timeout'],
    recovers: 25_000,
    does: slow,
  },
  'billing API flapping': { share: 1, due: WITHOUT_BILLING, recovers: 15_000, does: flap },
  'billing API lying': { share: 1.5, due: WITHOUT_BILLING, recovers: 15_000, does: lie },
  'tokens rotated': { share: 1, does: rotate },
  'signing key rolled': { share: 0.5, does: roll },
  "tenants' file broken": { share: 1, does: breakFile },
  'steady again': { share: 3, does: (_, ms) => sleep(ms) },
};

async function killInTurn({ instances, requests }, ms) {
  const until = Date.now() + ms;
  for (let n = 0; n === 0 || Date.now() < until; n = (n + 1) % instances.running.length) {
    const instance = instances.running[n];
    await instances.kill(instance);
    requests.forget(instance.url);
    await instances.start(n);
    await sleep(2_000);
  }
  await sleep(LEASE);
}

async function restartInTurn({ instances, requests, ready }) {
  for (const n of instances.running.keys()) {
    const { url } = instances.running[n];
    await instances.stop(n);
    requests.forget(url);
    await instances.start(n);
    await ready(n);
  }
}

/** The schema of a next version, which adds to every table what it may add at most; then a restart of this one. */
async function upgrade(world, ms) {
  const { database } = world;
  const tables = await database.query(`select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
      and relname not like 'kysely%'`);
  for (const { name } of tables) {
    const expand = `set lock_timeout = '1s'; alter table ${name} add column next_version text not null default 'x'`;
    for (;;) {
      try {
        await database.query(expand);
        break;
      } catch (error) {
        // As a migration does: it waits no longer for a lock, and tries again.
        if (error.code !== '55P03') throw error;
      }
    }
  }
  await database.query(
    `insert into kysely_migration (name, timestamp) values ('9999_next', '2099-01-01T00:00:00Z')`,
  );
  await sleep(ms / 4);
  await restartInTurn(world);
}

async function restartDatabase({ database }, ms) {
  for (const signal of ['INT', 'QUIT']) {
    restartPostgres(signal);
    await sleep(ms / 2);
    await database.answers();
  }
}

async function readOnly({ database }, ms) {
  const become = async (value) => {
    await database.query(`alter system ${value}`);
    await database.query(`select pg_reload_conf()`);
  };
  await become('set default_transaction_read_only = on');
  await database.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`);
  await sleep(ms);
  await become('reset default_transaction_read_only');
}

/** A disk that does not answer looks like processes that do not run. */
async function stall({ postgres }, ms) {
  const postmaster = await postmasterOf(postgres);
  const tell = (signal) => {
    for (const pid of [postmaster, ...childrenOf(postmaster)]) {
      try {
        process.kill(Number(pid), signal);
      } catch {
        // A session that has just ended.
      }
    }
  };
  tell('SIGSTOP');
  try {
    await sleep(Math.min(STALL.most, Math.max(STALL.least, ms)));
  } finally {
    tell('SIGCONT');
  }
}

async function takeDown({ billing }, ms) {
  await billing.down();
  await sleep(ms);
  await billing.up();
}

async function slow({ billing }, ms) {
  billing.become('slow');
  await sleep(ms);
  billing.become('well');
}

async function flap({ billing }, ms) {
  const until = Date.now() + ms;
  while (Date.now() < until) {
    await billing.down();
    await sleep(FLAP_EVERY);
    await billing.up();
    await sleep(FLAP_EVERY);
  }
}

async function lie({ billing }, ms) {
  billing.become('lying');
  await sleep(ms);
  billing.become('well');
}

/** The new token is accepted first; the old one is refused once the file must have been read, or at once by the API. */
async function rotate({ billing, tenants, tenantsFile, putToken }, ms) {
  const old = tenants.map((tenant) => ({ ...tenant }));
  for (const tenant of tenants) {
    tenant.token = `${tenant.token}_next`;
    billing.accept(tenant.token, tenant.id);
  }
  writeTenants(tenantsFile, tenants);
  for (const tenant of tenants.filter(({ inFile }) => !inFile)) await putToken(tenant);
  for (const { token } of old.filter(({ inFile }) => !inFile)) billing.refuse(token);
  await sleep(Math.max(FILE_WITHIN, ms / 2));
  for (const { token } of old) billing.refuse(token);
  await sleep(ms / 2);
}

/** Callers get tokens of the new key at once, while the old key is still in the set; then it is taken out. */
async function roll({ identityProvider, renewed }, ms) {
  await identityProvider.roll();
  await sleep(Math.max(renewed, ms));
  identityProvider.retireOldKeys();
}

async function breakFile({ tenants, tenantsFile, nameOf }, ms) {
  const whole = readFileSync(tenantsFile, 'utf8');
  replace(tenantsFile, whole.slice(0, whole.length / 2));
  await sleep(Math.max(FILE_WITHIN, ms));
  tenants[0].name = `Mended ${Date.now()}`;
  writeTenants(tenantsFile, tenants);
  await sleep(FILE_WITHIN);
  const name = await nameOf(tenants[0].id);
  if (name !== tenants[0].name) throw new Error(`the mended tenants' file was not read: ${name}`);
}

export function writeTenants(file, tenants) {
  const entries = tenants.filter(({ inFile }) => inFile).map(({ id, token, name }) => ({ id, token, name }));
  replace(file, JSON.stringify(entries));
}

function replace(file, text) {
  writeFileSync(`${file}.next`, text, { mode: 0o600 });
  renameSync(`${file}.next`, file);
}
