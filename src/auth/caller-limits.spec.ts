import { ManualClock } from '../../test/support/manual-clock.js';
import { testConfig } from '../../test/support/test-config.js';
import { Problem } from '../http/problem.js';
import { Metrics } from '../metrics/metrics.js';
import { CallerLimits } from './caller-limits.js';

const clock = new ManualClock();
let limits: CallerLimits;
const limit = (perMinute: number, maxInFlight = 4): CallerLimits => {
  const settings = { RATE_LIMIT_PER_MINUTE: `${perMinute}`, CALLER_MAX_IN_FLIGHT: `${maxInFlight}` };
  return new CallerLimits(testConfig(settings), clock, new Metrics());
};

/** A request that is over at once: its `RateLimit`, or how many seconds it was told to wait. */
function ask(caller = 'a'): string | number | undefined {
  try {
    const seat = limits.enter(caller);
    seat.hold()();
    return seat.headers['RateLimit'];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.options.retryAfterS;
  }
}
const times = (n: number, caller?: string): (string | number | undefined)[] =>
  Array.from({ length: n }, () => ask(caller));

describe('the rate', () => {
  it('lets 600 in at once, then ten a second, and says when there is one more', () => {
    limits = limit(600);
    expect(times(600)).toEqual(Array.from({ length: 600 }, (_, i) => `"caller";r=${599 - i};t=1`));
    expect(ask()).toBe(1);
    clock.advance(99);
    expect(ask()).toBe(1);
    clock.advance(1);
    expect(times(2)).toEqual(['"caller";r=0;t=1', 1]);
    clock.advance(1_000);
    expect(times(11).map((answer) => typeof answer)).toEqual([...Array<string>(10).fill('string'), 'number']);
    clock.advance(3_600_000);
    expect(ask()).toBe('"caller";r=599;t=1');
  });

  it('refills a small bucket as evenly', () => {
    limits = limit(3);
    expect(times(4)).toEqual(['"caller";r=2;t=20', '"caller";r=1;t=20', '"caller";r=0;t=20', 20]);
    clock.advance(15_500);
    expect(ask()).toBe(5);
    clock.advance(4_500);
    expect(times(2)).toEqual(['"caller";r=0;t=20', 20]);
  });

  it('says what was refused and why', () => {
    limits = limit(1);
    ask();
    let refusal: unknown;
    try {
      limits.enter('a');
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({
      slug: 'rate-limited',
      detail: 'This caller may send 1 requests a minute.',
      options: {
        retryAfterS: 60,
        headers: { 'RateLimit-Policy': '"caller";q=1;w=60', RateLimit: '"caller";r=0;t=60' },
      },
    });
  });

  it('holds for each caller by itself', () => {
    limits = limit(1);
    expect([ask('a'), ask('b'), ask('a'), ask('b')]).toEqual([
      '"caller";r=0;t=60',
      '"caller";r=0;t=60',
      60,
      60,
    ]);
  });

  it('does not mind a wall clock that is set back and forward by an hour', () => {
    limits = limit(60);
    times(60);
    clock.step(-3_600_000);
    expect(ask()).toBe(1);
    clock.advance(1_000);
    expect(ask()).toBe('"caller";r=0;t=1');
    clock.step(3_600_000);
    expect(ask()).toBe(1);
  });

  it('is switched off by 0, without headers', () => {
    limits = limit(0);
    expect(new Set(times(5_000))).toEqual(new Set([undefined]));
  });

  it('remembers 10,000 callers at most, and forgets those who are idle', () => {
    limits = limit(60);
    for (let i = 0; i < 20_000; i += 1) ask(`caller-${i}`);
    expect(limits['callers'].size).toBe(10_000);
    expect(ask('caller-19999')).toBe('"caller";r=58;t=1');
    clock.advance(60_000);
    for (let i = 0; i < 10_000; i += 1) ask(`another-${i % 7_000}`);
    expect(limits['callers'].size).toBeLessThan(7_100);
  });
});

describe('requests at a time', () => {
  it('are so many for each caller; one is under way until all who work on it have left', () => {
    limits = limit(600, 2);
    const [one, two] = [limits.enter('a'), limits.enter('a')];
    const leave = [one.hold(), one.hold(), two.hold()];
    expect(ask()).toBe(1);
    expect(ask('b')).toBe('"caller";r=599;t=1');
    leave[0]?.();
    leave[0]?.();
    expect(ask()).toBe(1);
    leave[1]?.();
    // The refusals took no token.
    expect(ask()).toBe('"caller";r=597;t=1');
    leave[2]?.();
    expect(limits['callers'].get('a')?.inFlight).toBe(0);
  });
});
