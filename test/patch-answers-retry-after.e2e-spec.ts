import { SystemClock } from '../src/runtime/clock.js';
import { startBff, type TestBff } from './support/start-bff.js';

const SETTINGS = {
  CUSTOMER_PRE_READ: 'never',
  RATE_LIMIT_PER_MINUTE: '1000000',
  // Less than any pause of a second takes: only what need not be waited for fits.
  REQUEST_DEADLINE_MS: '1200',
};

/** Stands still, timers aside: a date in the future stays as far away as the test says. */
class StandingClock extends SystemClock {
  private readonly instant = Math.floor(Date.now() / 1000) * 1000;

  override now(): number {
    return this.instant;
  }
}

describe('Retry-After of the billing API’s 429', () => {
  const clock = new StandingClock();
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS, clock });
  });
  afterAll(() => bff.stop());

  const retryAfter = async (header?: string): Promise<string | null> => {
    bff.upstream.requests.length = 0;
    bff.upstream.answerWith(
      429,
      { code: 'TOO_MANY_REQUESTS', message: 'Slow down' },
      header === undefined ? {} : { 'Retry-After': header },
    );
    const answer = await bff.patch({ name: 'Acme GmbH' });
    expect(answer.status).toBe(429);
    const passedOn = answer.headers.get('retry-after');
    // It is passed on, not waited for; after a pause of none it was sent once more, in vain.
    const methods = passedOn === '0' ? ['PATCH', 'PATCH'] : ['PATCH'];
    expect(bff.upstream.methods).toEqual(methods);
    return passedOn;
  };
  const inSeconds = (seconds: number): string => new Date(clock.now() + seconds * 1000).toUTCString();

  it.each(['0', '1', '7', '3600'])('is passed on in seconds: %s', async (seconds) => {
    expect(await retryAfter(seconds)).toBe(seconds);
  });

  it.each([1, 30, 3600])('is made seconds when it is a date, %d s ahead', async (seconds) => {
    expect(await retryAfter(inSeconds(seconds))).toBe(String(seconds));
  });

  it('is 0 when it is a date that has passed', async () => {
    expect(await retryAfter(inSeconds(-60))).toBe('0');
  });

  it.each([
    undefined,
    '',
    'soon',
    '-5',
    '1.5',
    '1e3',
    '0x10',
    '5 seconds',
    '2026-11-22T12:00:00Z',
    '٣',
    'Infinity',
  ])('is whole seconds of our own when it is absent or no Retry-After: %p', async (header) => {
    expect(await retryAfter(header === '٣' ? Buffer.from(header).toString('latin1') : header)).toMatch(
      /^[1-9]\d{0,2}$/,
    );
  });

  it.each(['9999999999', '99999999999', '999999999999999999999999'])(
    'is a long time, in whole seconds, when it is enormous: %s',
    async (header) => {
      const answered = await retryAfter(header);

      expect(answered).toMatch(/^\d+$/);
      expect(Number(answered)).toBeGreaterThanOrEqual(3600);
    },
  );
});
