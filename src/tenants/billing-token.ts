import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * A tenant's token for the billing API. When it is printed, inspected, logged or serialised, it shows `[redacted]`.
 * Only `reveal()` returns the value, and only the billing client calls it.
 */
export class BillingToken {
  readonly #value: string;

  private constructor(value: string) {
    this.#value = value;
  }

  /** 1 to 4,096 visible ASCII characters, so that a header can contain it; undefined for any other text. */
  static parse(value: string): BillingToken | undefined {
    return /^[\x21-\x7e]{1,4096}$/.test(value) ? new BillingToken(value) : undefined;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
