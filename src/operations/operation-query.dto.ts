import { validateQuery } from '../http/dto-validation.js';
import { refuseFaults } from '../http/problem.js';
import { WholeNumber } from '../http/whole-number.js';

/** The longest wait in seconds: shorter than the time-outs of usual proxies. */
const MAX_WAIT_S = 30;

export class OperationQuery {
  /** Seconds to hold the answer until the status is final: 0 to 30. After that the status is answered as it is. */
  @WholeNumber(0, MAX_WAIT_S, 0)
  wait?: string;
}

/**
 * Milliseconds to wait.
 * @throws Problem validation-failed, with every fault of the query
 */
export function readWait(parameters: object): number {
  const { dto, faults } = validateQuery(OperationQuery, parameters);
  refuseFaults(faults);
  return Number(dto.wait ?? 0) * 1_000;
}
