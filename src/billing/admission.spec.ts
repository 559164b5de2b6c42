import pino from 'pino';
import { Metrics } from '../metrics/metrics.js';
import { Admission, type Door, HALF_OPEN_AFTER } from './admission.js';
import type { BillingAnswer } from './billing-answer.js';

const ACME: Door = { tenantId: 'acme', origin: 'https://billing.test', fair: true };
const GLOBEX: Door = { ...ACME, tenantId: 'globex' };
const ELSEWHERE: Door = { ...ACME, origin: 'https://other.test' };

const TIMED_OUT: BillingAnswer = { kind: 'timed-out' };
const NOT_SENT: BillingAnswer = { kind: 'not-sent' };
const GONE: BillingAnswer = {
  ...{ kind: 'refused', status: 404, slug: 'customer-not-found' },
  ...{ message: undefined, retryAfterS: undefined },
};
const unclear = (status: number): BillingAnswer => ({
  kind: 'unclear',
  status,
  ownFailure: status === 500,
  retryAfterS: undefined,
});

let now = 0;
let admission: Admission;
beforeEach(() => {
  now = 10_000_000;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  admission = new Admission(new Metrics(), pino({ enabled: false }));
});
afterEach(() => {
  jest.restoreAllMocks();
});

const pass = (door: Door, answer: BillingAnswer): Promise<BillingAnswer> =>
  admission.admit(door, () => Promise.resolve(answer));
async function times(n: number, door: Door, answer: BillingAnswer): Promise<void> {
  for (let i = 0; i < n; i += 1) await pass(door, answer);
}
async function isClosed(door: Door): Promise<boolean> {
  return (await pass(door, GONE)).kind === 'not-admitted';
}

describe('the breaker', () => {
  it.each([TIMED_OUT, unclear(502), unclear(503), unclear(504)])(
    'closes one tenant’s way to one origin after ten in a row: %j',
    async (failure) => {
      await times(9, ACME, failure);
      expect(await isClosed({ ...ACME, tenantId: 'nobody' })).toBe(false);
      await times(1, ACME, failure);

      expect(await isClosed(ACME)).toBe(true);
      expect(await isClosed(GLOBEX)).toBe(false);
      expect(await isClosed(ELSEWHERE)).toBe(false);
      expect(admission.open).toBe(1);
    },
  );

  it('does not stay closed for an hour when the wall clock is set back by one', async () => {
    await times(10, ACME, TIMED_OUT);
    expect(await isClosed(ACME)).toBe(true);
    now -= 3_600_000;
    expect(await isClosed(ACME)).toBe(false);
  });

  it('closes an origin for all when no connection can be made', async () => {
    await times(5, ACME, NOT_SENT);
    await times(5, GLOBEX, NOT_SENT);

    expect([await isClosed(ACME), await isClosed(GLOBEX), await isClosed(ELSEWHERE)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it.each([unclear(500), unclear(200), unclear(501), GONE, { kind: 'broken' } as const])(
    'takes no notice of %j, a thousand times',
    async (answer) => {
      await times(1_000, ACME, answer);
      expect(await isClosed(ACME)).toBe(false);
    },
  );

  it('begins to count anew with anything else', async () => {
    await times(9, ACME, TIMED_OUT);
    await times(1, ACME, GONE);
    await times(9, ACME, TIMED_OUT);
    expect(await isClosed(ACME)).toBe(false);
  });

  it('does not count a time-out that came of too little time', async () => {
    await times(100, { ...ACME, fair: false }, TIMED_OUT);
    await times(100, { ...ACME, fair: false }, NOT_SENT);
    expect(await isClosed(ACME)).toBe(false);
  });

  it('says when to come back, lets one try then, and opens the way when that goes well', async () => {
    await times(10, ACME, TIMED_OUT);
    now += 1_500;
    expect(await pass(ACME, GONE)).toEqual({ kind: 'not-admitted', retryAfterS: 4 });
    now += HALF_OPEN_AFTER;

    let answer = (_: BillingAnswer): void => undefined;
    const trying = admission.admit(ACME, () => new Promise((resolve) => (answer = resolve)));
    expect(await pass(ACME, GONE)).toEqual({ kind: 'not-admitted', retryAfterS: 1 });
    answer(GONE);
    expect(await trying).toEqual(GONE);
    expect(await isClosed(ACME)).toBe(false);
    expect(admission.open).toBe(0);
  });

  it('stays shut when the try fails', async () => {
    await times(10, ACME, TIMED_OUT);
    now += HALF_OPEN_AFTER;
    await pass(ACME, TIMED_OUT);
    expect(await isClosed(ACME)).toBe(true);
  });
});

it('keeps no door that nothing is known of, and every other one', async () => {
  await times(10, ACME, TIMED_OUT);
  await times(3, GLOBEX, TIMED_OUT);
  for (let i = 0; i < 5_000; i += 1) await pass({ ...ACME, tenantId: `tenant-${i}` }, GONE);

  expect(admission['tenants'].size).toBeLessThanOrEqual(1_000);
  expect(await isClosed(ACME)).toBe(true);
  await times(7, GLOBEX, TIMED_OUT);
  expect(await isClosed(GLOBEX)).toBe(true);
});
