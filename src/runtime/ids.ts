import { v7 as uuidv7 } from 'uuid';
import type { Clock } from './clock.js';
import { pooledRandom } from './random.js';

/** Milliseconds that ids may be ahead of the clock, so that they stay in order when it is set back a little. */
const MAX_AHEAD = 10_000;

/** The identifiers that the service creates. */
export class Ids {
  private lastMs = 0;
  private sequence = 0;

  constructor(
    private readonly clock: Clock,
    private readonly random: (bytes: number) => Uint8Array = pooledRandom(),
  ) {}

  /** A UUIDv7 (RFC 9562). Later ids of one process sort after earlier ones, unless the clock was set back by more than 10 s. */
  uuid(): string {
    return this.timed().id;
  }

  /**
   * A UUIDv7 and the time in it: the clock's, or that of the previous id if the clock was set back by at most 10 s. A
   * clock that was wrong for a moment must not date everything after it.
   */
  timed(): { readonly id: string; readonly at: Date } {
    const now = this.clock.now();
    if (now > this.lastMs || this.lastMs - now > MAX_AHEAD) {
      this.lastMs = now;
      this.sequence = Buffer.from(this.random(4)).readUInt32BE() >>> 1;
    } else {
      this.sequence += 1;
    }
    const id = uuidv7({ msecs: this.lastMs, seq: this.sequence, random: this.random(16) });
    return { id, at: new Date(this.lastMs) };
  }

  /** From 0 to `ms` milliseconds, evenly distributed (full jitter). */
  jitter(ms: number): number {
    return (Buffer.from(this.random(4)).readUInt32BE() / 0xffff_ffff) * ms;
  }

  /** Lower-case hex of `bytes` random bytes, never all zero (W3C Trace Context forbids that). */
  hex(bytes: number): string {
    const hex = Buffer.from(this.random(bytes)).toString('hex');
    return /^0+$/.test(hex) ? hex.replace(/.$/, '1') : hex;
  }
}
