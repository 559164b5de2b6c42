import { ManualClock } from '../../test/support/manual-clock.js';
import type { Caller } from './caller.js';
import { VerifiedTokens } from './verified-tokens.js';

const CALLER: Caller = {
  ...{ type: 'user', sub: 'user-1', clientId: null, scopes: [], act: [] },
  ...{ tenantId: 'acme', tenantFault: null },
};
const MINUTE = 60_000;

describe('VerifiedTokens', () => {
  const clock = new ManualClock();
  let tokens: VerifiedTokens;
  beforeEach(() => {
    tokens = new VerifiedTokens(clock);
  });

  it('believes a token for a minute, and knows no other', () => {
    tokens.remember('a.b.c', CALLER, clock.now() + 10 * MINUTE);
    expect(tokens.find('a.b.c')).toBe(CALLER);
    expect(tokens.find('a.b.d')).toBeUndefined();
    clock.advance(MINUTE - 1);
    expect(tokens.find('a.b.c')).toBe(CALLER);
    clock.advance(1);
    expect(tokens.find('a.b.c')).toBeUndefined();
  });

  it('never believes one longer than it lasts', () => {
    tokens.remember('a.b.c', CALLER, clock.now() + 1_000);
    clock.advance(1_000);
    expect(tokens.find('a.b.c')).toBeUndefined();
  });

  it('remembers ten thousand, the latest ones', () => {
    for (let n = 0; n <= 10_000; n += 1) tokens.remember(`token-${n}`, CALLER, clock.now() + MINUTE);
    expect(tokens.find('token-0')).toBeUndefined();
    expect(tokens.find('token-1')).toBe(CALLER);
    expect(tokens.find('token-10000')).toBe(CALLER);
  });

  it('keeps no token', () => {
    tokens.remember('secret-token', CALLER, clock.now() + MINUTE);
    expect([...tokens['callers'].keys()].join()).not.toContain('secret');
  });
});
