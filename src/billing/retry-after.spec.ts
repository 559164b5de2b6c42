import { retryAfterSeconds } from './retry-after.js';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['120', 120],
    [' 5 ', 5],
    ['007', 7],
  ])('in seconds is taken: %p', (header, seconds) => {
    expect(retryAfterSeconds(header, NOW)).toBe(seconds);
  });

  it.each([
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30],
    ['Sun, 22 Nov 2026 12:00:00 GMT', 0],
    ['Sun, 22 Nov 2026 11:59:59 GMT', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('as a date is made seconds from now: %p', (header, seconds) => {
    expect(retryAfterSeconds(header, NOW)).toBe(seconds);
  });

  it('is rounded up: an early retry is refused again', () => {
    expect(retryAfterSeconds('Sun, 22 Nov 2026 12:00:30 GMT', NOW + 1)).toBe(30);
    expect(retryAfterSeconds('Sun, 22 Nov 2026 12:00:30 GMT', NOW - 1)).toBe(31);
  });

  it.each(['100000', '9999999999', '99999999999', '9'.repeat(400), 'Fri, 31 Dec 9999 23:59:59 GMT'])(
    'that is enormous is a long, finite time: %p',
    (header) => {
      const seconds = retryAfterSeconds(header, NOW);

      expect(Number.isSafeInteger(seconds)).toBe(true);
      expect(seconds).toBeGreaterThanOrEqual(3600);
    },
  );

  it.each([
    ...[
      undefined,
      null,
      5,
      ['5'],
      {},
      '',
      ' ',
      '-1',
      '+1',
      '1.5',
      '1e3',
      '0x1',
      '1,2',
      '1 2',
      'soon',
      'NaN',
      'Infinity',
    ],
    ...['٣', '5s', '2026-11-22T12:00:30Z', 'Sun, 99 Nov 2026 12:00:30 GMT', 'Sun, 22 Foo 2026 12:00:30 GMT'],
    ...['Sun, 22 Nov 2026 25:00:00 GMT', 'Sun, 22 Nov 2026 12:00:30 CET', '1795348830'.repeat(2) + ' GMT'],
  ])('that is none is not guessed at: %p', (header) => {
    expect(retryAfterSeconds(header, NOW)).toBeUndefined();
  });
});
