import { Problem } from '../http/problem.js';

/**
 * The problem for a reader of the trail when the database does not answer.
 * @throws Problem audit-unavailable
 */
export function trailUnavailable(error: unknown): never {
  throw new Problem('audit-unavailable', 'The audit trail cannot be read at the moment.', {
    retryAfterS: 5,
    cause: error,
  });
}
