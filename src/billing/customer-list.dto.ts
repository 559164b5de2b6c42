import { Customer } from './customer.dto.js';
import { passedOn } from './passed-on.js';

/** Number and size of the page, and how many there are. */
export class PaginationMeta {
  /**
   * Number of the page, from 0.
   * @example 0
   */
  page: number;

  /** @example 10 */
  per_page: number;

  /**
   * Number of customers on all pages.
   * @example 42
   */
  total_items: number;

  /** @example 5 */
  total_pages: number;
}

/** One page of customers as the billing API answers it, including undocumented fields (U12, U18). */
export class CustomerList {
  readonly #answered: object;

  constructor(answered: object) {
    this.#answered = answered;
  }

  /** The list with its undocumented fields. */
  toJSON(): object {
    return passedOn(this.#answered, this);
  }

  data: Customer[];

  pagination_meta: PaginationMeta;
}
