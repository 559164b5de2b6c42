import { validationFailed } from '../http/problem.js';

/** 1 to 255 visible ASCII characters. A repeated header has a space and is refused. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Reads `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07) unchanged, including quotes.
 * @throws Problem validation-failed
 */
export function readIdempotencyKey(header: unknown): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && KEY.test(header)) return header;
  const detail = 'must be 1 to 255 visible ASCII characters, and sent once';
  throw validationFailed([{ header: 'Idempotency-Key', code: 'not-idempotency-key', detail }]);
}
