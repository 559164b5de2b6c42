import pino from 'pino';
import { Metrics } from '../metrics/metrics.js';
import type { BillingFailure } from './billing-answer.js';
import { CircuitBreakers, type Destination, HALF_OPEN_AFTER } from './circuit-breakers.js';

const ACME: Destination = { tenantId: 'acme', origin: 'https://billing.test', conclusive: true };
const GLOBEX: Destination = { ...ACME, tenantId: 'globex' };
const ELSEWHERE: Destination = { ...ACME, origin: 'https://other.test' };

const TIMED_OUT: BillingFailure = { kind: 'timed-out' };
const UNREACHABLE: BillingFailure = { kind: 'unreachable' };
const GONE: BillingFailure = {
  ...{ kind: 'refused', status: 404, slug: 'customer-not-found' },
  ...{ message: undefined, retryAfterS: undefined },
};
const inconclusive = (status: number): BillingFailure => ({
  kind: 'inconclusive',
  status,
  ownFailure: status === 500,
  retryAfterS: undefined,
});

let now = 0;
let breakers: CircuitBreakers;
beforeEach(() => {
  now = 10_000_000;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  breakers = new CircuitBreakers(new Metrics(), pino({ enabled: false }));
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** As the client does it. */
async function ask(destination: Destination, send: () => Promise<BillingFailure>): Promise<BillingFailure> {
  const { waitMs, policy } = breakers.of(destination);
  if (waitMs > 0) return { kind: 'not-attempted', by: 'breaker', retryAfterS: Math.ceil(waitMs / 1_000) };
  return policy.execute(send);
}
const pass = (destination: Destination, answer: BillingFailure): Promise<BillingFailure> =>
  ask(destination, () => Promise.resolve(answer));
async function times(n: number, destination: Destination, answer: BillingFailure): Promise<void> {
  for (let i = 0; i < n; i += 1) await pass(destination, answer);
}
async function isOpen(destination: Destination): Promise<boolean> {
  return (await pass(destination, GONE)).kind === 'not-attempted';
}

describe('the breaker', () => {
  it.each([TIMED_OUT, inconclusive(502), inconclusive(503), inconclusive(504)])(
    'opens for one tenant and one origin after ten failures in a row: %j',
    async (failure) => {
      await times(9, ACME, failure);
      expect(await isOpen({ ...ACME, tenantId: 'nobody' })).toBe(false);
      await times(1, ACME, failure);

      expect(await isOpen(ACME)).toBe(true);
      expect(await isOpen(GLOBEX)).toBe(false);
      expect(await isOpen(ELSEWHERE)).toBe(false);
      expect(breakers.open).toBe(1);
    },
  );

  it('does not stay open for an hour when the wall clock is set back by one', async () => {
    await times(10, ACME, TIMED_OUT);
    expect(await isOpen(ACME)).toBe(true);
    now -= 3_600_000;
    expect(await isOpen(ACME)).toBe(false);
  });

  it('opens for all tenants of an origin when no connection can be made', async () => {
    await times(5, ACME, UNREACHABLE);
    await times(5, GLOBEX, UNREACHABLE);

    expect([await isOpen(ACME), await isOpen(GLOBEX), await isOpen(ELSEWHERE)]).toEqual([true, true, false]);
  });

  it.each([
    inconclusive(500),
    inconclusive(200),
    inconclusive(501),
    GONE,
    { kind: 'connection-lost' } as const,
  ])('takes no notice of %j, a thousand times', async (answer) => {
    await times(1_000, ACME, answer);
    expect(await isOpen(ACME)).toBe(false);
  });

  it('begins to count anew with anything else', async () => {
    await times(9, ACME, TIMED_OUT);
    await times(1, ACME, GONE);
    await times(9, ACME, TIMED_OUT);
    expect(await isOpen(ACME)).toBe(false);
  });

  it('does not count a time-out that came of too little time', async () => {
    await times(100, { ...ACME, conclusive: false }, TIMED_OUT);
    await times(100, { ...ACME, conclusive: false }, UNREACHABLE);
    expect(await isOpen(ACME)).toBe(false);
  });

  it('says when to come back, lets one try then, and closes when that goes well', async () => {
    await times(10, ACME, TIMED_OUT);
    now += 1_500;
    expect(await pass(ACME, GONE)).toEqual({ kind: 'not-attempted', by: 'breaker', retryAfterS: 4 });
    now += HALF_OPEN_AFTER;

    let answer = (_: BillingFailure): void => undefined;
    const trying = ask(ACME, () => new Promise((resolve) => (answer = resolve)));
    expect(await pass(ACME, GONE)).toEqual({ kind: 'not-attempted', by: 'breaker', retryAfterS: 1 });
    answer(GONE);
    expect(await trying).toEqual(GONE);
    expect(await isOpen(ACME)).toBe(false);
    expect(breakers.open).toBe(0);
  });

  it('stays open when the try fails', async () => {
    await times(10, ACME, TIMED_OUT);
    now += HALF_OPEN_AFTER;
    await pass(ACME, TIMED_OUT);
    expect(await isOpen(ACME)).toBe(true);
  });
});

it('keeps no breaker without failures, and every other one', async () => {
  await times(10, ACME, TIMED_OUT);
  await times(3, GLOBEX, TIMED_OUT);
  for (let i = 0; i < 5_000; i += 1) await pass({ ...ACME, tenantId: `tenant-${i}` }, GONE);

  expect(breakers['tenants'].size).toBeLessThanOrEqual(1_000);
  expect(await isOpen(ACME)).toBe(true);
  await times(7, GLOBEX, TIMED_OUT);
  expect(await isOpen(GLOBEX)).toBe(true);
});
