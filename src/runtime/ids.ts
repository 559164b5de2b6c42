import { v7 as uuidv7 } from 'uuid';
import type { Clock } from './clock.js';
import { pooledRandom } from './random.js';

/** The identifiers that the service creates. */
export class Ids {
  private lastMs = 0;
  private sequence = 0;

  constructor(
    private readonly clock: Clock,
    private readonly random: (bytes: number) => Uint8Array = pooledRandom(),
  ) {}

  /** A UUIDv7 (RFC 9562). Later ids of one process always sort after earlier ones. */
  uuid(): string {
    return this.timed().id;
  }

  /** A UUIDv7 and the time in it: the clock's, but never before the time of the previous id. */
  timed(): { readonly id: string; readonly at: Date } {
    const now = this.clock.now();
    if (now > this.lastMs) {
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
