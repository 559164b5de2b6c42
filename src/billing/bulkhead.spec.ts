import pino from 'pino';
import { ManualClock } from '../../test/support/manual-clock.js';
import { readEnvironment } from '../config/environment.js';
import { Metrics } from '../metrics/metrics.js';
import { Bulkhead, LONGEST_WAIT } from './bulkhead.js';

const config = readEnvironment({
  AUTH_ISSUER: 'https://idp.test/',
  AUTH_AUDIENCE: 'bff',
  AUTH_JWKS_URL: 'https://idp.test/jwks',
  BILLING_API_URL: 'https://billing.test',
  BILLING_API_MAX_IN_FLIGHT: '4',
});
let clock: ManualClock;
let bulkhead: Bulkhead;
/** What became of each operation, in the order in which it became known. */
let log: string[];
beforeEach(() => {
  clock = new ManualClock();
  bulkhead = new Bulkhead(config, clock, new Metrics(), pino({ enabled: false }));
  log = [];
});

/** An operation that keeps its slot until it is told to end. */
class Operation {
  private leave: (() => void) | undefined;

  constructor(
    private readonly name: string,
    tenant = name.charAt(0),
    { origin = 'https://billing.test', budgetMs = 60_000 } = {},
  ) {
    const place = { id: tenant, billingApiUrl: `${origin}/base` };
    void bulkhead.enter(place, clock.monotonic() + budgetMs).then((leave) => {
      this.leave = leave;
      log.push(leave === undefined ? `${name} refused` : name);
    });
  }

  end(): void {
    if (this.leave === undefined) throw new Error(`${this.name} has no slot`);
    this.leave();
  }
}
const start = (...names: string[]): Operation[] => names.map((name) => new Operation(name));
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function logged(): Promise<string[]> {
  await settled();
  return log.splice(0);
}

it('gives one tenant half of an origin’s slots, all tenants together all of them', async () => {
  start('a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1');
  new Operation('a4', 'a', { origin: 'https://other.test' });
  expect(await logged()).toEqual(['a1', 'a2', 'b1', 'b2', 'a4']);
});

it('lets the next one in when a slot is free: one tenant’s in their order, tenants in turn', async () => {
  const [a1, a2, b1, b2] = start('a1', 'a2', 'b1', 'b2');
  const [a3, , c1] = start('a3', 'a4', 'c1', 'b3', 'b4', 'c2');
  await logged();
  b1?.end();
  expect(await logged()).toEqual(['b3']);
  a1?.end();
  expect(await logged()).toEqual(['a3']);
  b2?.end();
  expect(await logged()).toEqual(['c1']);
  a2?.end();
  expect(await logged()).toEqual(['b4']);
  for (const each of [a3, c1]) each?.end();
  expect(await logged()).toEqual(['a4', 'c2']);
});

it('refuses who has waited long enough, or has no more time, and gives their turn to nobody', async () => {
  const [a1] = start('a1', 'a2', 'a3');
  new Operation('a4', 'a', { budgetMs: LONGEST_WAIT / 2 });
  new Operation('a5', 'a', { budgetMs: 0 });
  expect(await logged()).toEqual(['a1', 'a2', 'a5 refused']);
  clock.advance(LONGEST_WAIT / 2 - 1);
  expect(await logged()).toEqual([]);
  clock.advance(1);
  expect(await logged()).toEqual(['a4 refused']);
  start('a6');
  clock.advance(LONGEST_WAIT / 2);
  expect(await logged()).toEqual(['a3 refused']);
  a1?.end();
  expect(await logged()).toEqual(['a6']);
});

it('bounds the queue of a tenant and of an origin', async () => {
  start(...Array.from({ length: 2 + 8 }, (_, i) => `a${i}`));
  await logged();
  start('a-over', 'b1');
  expect(await logged()).toEqual(['a-over refused', 'b1']);
  // 8 wait of a; 24 more fill the queue of 32.
  start('b2', ...['b', 'c', 'd'].flatMap((tenant) => Array.from({ length: 8 }, (_, i) => `${tenant}-${i}`)));
  await logged();
  start('e1');
  expect(await logged()).toEqual(['e1 refused']);
});

it('keeps nothing of tenants and origins that have nothing under way', async () => {
  const operations = start('a1', 'a2', 'b1', 'b2');
  start('c1', 'a3');
  await logged();
  clock.advance(LONGEST_WAIT);
  for (const each of operations) each.end();
  await settled();
  expect(bulkhead['origins'].size).toBe(0);
});
