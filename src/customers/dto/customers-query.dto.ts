import { ApiProperty } from '@nestjs/swagger';
import { validateQuery } from '../../http/dto-validation.js';
import { refuseFaults } from '../../http/problem.js';
import { MayBeAbsent, Satisfies } from '../../http/rules.js';
import { PLAIN_TEXT, text, textThat } from '../../http/text-rules.js';
import { WholeNumber } from '../../http/whole-number.js';

const MAX_SEARCH = 255;
/** The billing API counts pages in 32 bits. */
const MAX_PAGE = 2 ** 32 - 1;
const ORDERS = ['name', 'email', 'alias', 'created_at'].flatMap((column) => [
  `${column}.asc`,
  `${column}.desc`,
]);

/** Filters, page and order of the list (U18). Parameters that are left out are not sent: the billing API has defaults. */
export class CustomersQuery {
  /**
   * Text to search for. The billing API decides which customers match. Up to 255 characters, without control characters,
   * line breaks and bidirectional overrides. It is sent unchanged, and it is neither logged nor stored.
   */
  @MayBeAbsent()
  @Satisfies(text(0, MAX_SEARCH))
  @ApiProperty({ type: String, maxLength: MAX_SEARCH, pattern: PLAIN_TEXT })
  search?: string;

  /** Lists only archived customers (`true`), or only customers that are not archived (`false`). */
  @MayBeAbsent()
  @Satisfies(
    textThat((value) => value === 'true' || value === 'false', 'not-boolean', 'must be true or false'),
  )
  @ApiProperty({ type: Boolean })
  archived?: string;

  /** The number of the page; the first is 0. */
  @WholeNumber(0, MAX_PAGE, 0)
  page?: string;

  /** Customers on a page: 1 to 100. */
  @WholeNumber(1, 100, 10)
  per_page?: string;

  /** A field and a direction. */
  @MayBeAbsent()
  @Satisfies(
    textThat((value) => ORDERS.includes(value), 'not-allowed', `must be one of ${ORDERS.join(', ')}`),
  )
  @ApiProperty({ type: String, enum: ORDERS, default: 'created_at.desc' })
  order_by?: string;
}

/**
 * The query for the billing API: the caller's parameters and no others.
 * @throws Problem validation-failed, with every fault of the query
 */
export function readCustomersQuery(parameters: object): Readonly<Record<string, string>> {
  const { dto, faults } = validateQuery(CustomersQuery, parameters);
  refuseFaults(faults);
  const given = Object.entries(dto).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return Object.fromEntries(given);
}
