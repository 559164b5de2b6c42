import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { fault, inTurn, MayBeAbsent, Satisfies } from '../http/rules.js';
import { text, textThat } from '../http/text-rules.js';
import { WholeNumber } from '../http/whole-number.js';
import { CURSOR } from './audit-cursors.js';
import { ACTIONS, EFFECTS, OUTCOMES, PHASES } from './audit-event.js';
import { CUSTOMER_ID } from './customer-id.js';

/** Events on a page, by default. */
export const DEFAULT_LIMIT = 50;

/** How an event is shown. */
export class AuditEventQuery {
  /**
   * `false` keeps the values masked though the caller may see them in clear (`audit:read:clear`); then the trail does not
   * record that they were seen.
   */
  @MayBeAbsent()
  @Satisfies(
    textThat((value) => value === 'true' || value === 'false', 'not-boolean', 'must be true or false'),
  )
  @ApiProperty({ type: Boolean, default: true })
  clear?: string;
}

/** Filters of the audit trail. An event must match all of them. */
export class AuditEventsQuery extends AuditEventQuery {
  /**
   * A customer's id (`cus_…`) or alias: finds every event of this customer's patches. An alias stands for every customer that
   * had it when a patch or preview was recorded, until its personal data is erased.
   */
  @MayBeAbsent()
  @Satisfies(
    inTurn(
      text(1, 255),
      textThat(
        (value) => CUSTOMER_ID.test(value) || !value.startsWith('cus_'),
        'not-customer-id',
        'must be a cus_ id or an alias',
      ),
    ),
  )
  customer?: string;

  /** A subject (`sub`) or a client (`client_id`). */
  @MayBeAbsent()
  @Satisfies(text(1, 255))
  actor?: string;

  @MayBeAbsent()
  @OneOf(ACTIONS)
  action?: string;

  @MayBeAbsent()
  @OneOf(PHASES)
  phase?: string;

  @MayBeAbsent()
  @OneOf(OUTCOMES)
  outcome?: string;

  /** Events with a change that had this effect; with `field`: a change of that field. */
  @MayBeAbsent()
  @OneOf(EFFECTS)
  effect?: string;

  /** Top-level name of a field that a patch changes, such as `billing_address`; requires `customer`. */
  @MayBeAbsent()
  @Satisfies(textThat((value) => /^[a-z_]{1,64}$/.test(value), 'not-field', 'must be the name of a field'))
  field?: string;

  /** Version of the tenant's token that was used. */
  @MayBeAbsent()
  @Satisfies(
    textThat((value) => /^[1-9][0-9]{0,8}$/.test(value), 'out-of-range', 'must be a whole number from 1'),
  )
  @ApiProperty({ type: 'integer', minimum: 1 })
  credential_version?: string;

  /** Events at this time or later (RFC 3339, such as `2026-01-01T00:00:00Z`), or on this day (UTC) or later. */
  @MayBeAbsent()
  @Timestamp()
  from?: string;

  /** Events before this time (RFC 3339), or on this day (UTC, such as `2026-01-31`) or earlier. */
  @MayBeAbsent()
  @Timestamp()
  to?: string;

  /** Only for an NDJSON export of everything: it begins behind this leaf. */
  @MayBeAbsent()
  @Satisfies(
    textThat((value) => /^(0|[1-9][0-9]{0,14})$/.test(value), 'out-of-range', 'must be the index of a leaf'),
  )
  @ApiProperty({ type: 'integer', minimum: 0 })
  after_leaf?: string;

  /** Events on a page: 1 to 200, 50 by default. */
  @WholeNumber(1, 200, DEFAULT_LIMIT)
  limit?: string;

  /** `next_cursor` of the previous page; same filters, same caller. */
  @MayBeAbsent()
  @Satisfies(textThat((value) => CURSOR.test(value), 'not-cursor', 'must be a next_cursor of this API'))
  cursor?: string;
}

function OneOf(allowed: readonly string[]): PropertyDecorator {
  return applyDecorators(
    Satisfies(
      textThat((value) => allowed.includes(value), 'not-allowed', `must be one of ${allowed.join(', ')}`),
    ),
    ApiProperty({ type: String, enum: allowed }),
  );
}

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

const DATE = /^(\d{4}-\d{2}-\d{2})$/;

/** The time before which something is: for a day (UTC), the beginning of the next one. */
export function endOf(text: string): Date {
  const end = new Date(text);
  if (DATE.test(text)) end.setUTCDate(end.getUTCDate() + 1);
  return end;
}

/** Date.parse() reads the 31st of November as the 1st of December. */
function isTimestamp(text: string): boolean {
  const [, day] = RFC_3339.exec(text) ?? DATE.exec(text) ?? [];
  if (day === undefined || Number.isNaN(Date.parse(text))) return false;
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

const EXPECTED = 'must be an RFC 3339 time such as 2026-01-31T12:00:00Z, or a date such as 2026-01-31';

function Timestamp(): PropertyDecorator {
  return applyDecorators(
    Satisfies((value) => {
      if (typeof value !== 'string') return fault('not-timestamp', EXPECTED);
      if (isTimestamp(value)) return [];
      const bare = isTimestamp(value.replace(/ (?=\d{2}:\d{2}$)/, '+'));
      return fault(
        'not-timestamp',
        bare ? 'must have its + written as %2B: in a query + is a space' : EXPECTED,
      );
    }),
    ApiProperty({ type: String }),
  );
}
