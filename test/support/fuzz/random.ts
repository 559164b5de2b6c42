/** Reproducible randomness: the same seed makes the same requests. */
export class Random {
  private state: number;

  constructor(seed: number, n = 0) {
    this.state = (seed ^ Math.imul(n + 1, 0x9e_37_79_b1)) | 0;
  }

  /** From 0 to 1, exclusive (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d_2b_79_f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0 to `limit`, exclusive. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }

  text(alphabet: string, min: number, max: number): string {
    const characters = Array.from(alphabet);
    return Array.from(
      { length: min + this.below(max - min + 1) },
      () => characters[this.below(characters.length)],
    ).join('');
  }
}
