import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AuditedRequest } from '../audit/audit-event.js';
import type { Operation } from '../audit/audit-records.js';
import type { BillingCall } from '../billing/billing.client.js';
import type { Customer } from '../billing/customer.dto.js';
import { unknownParameters } from '../http/known-query.js';
import { refuseFaults, validationFailed } from '../http/problem.js';
import { readIdempotencyKey } from '../idempotency/idempotency-key.js';
import type { PatchCustomerDto } from './dto/patch-customer.dto.js';
import { type IfMatch, readIfMatch } from './entity-tags.js';
import type { PatchDiff } from './patch-diff.js';

/** What a patch's URL and headers say about how it is to be carried out. */
export interface PatchConditions {
  readonly dryRun: boolean;
  readonly ifMatch: IfMatch | undefined;
  readonly idempotencyKey: string | undefined;
}

/** A patch as a caller wants it. */
export interface PatchRequest extends PatchConditions {
  readonly request: AuditedRequest;
  /** Id or alias. */
  readonly customerRef: string;
  readonly patch: PatchCustomerDto;
  /** When everything has to be over, by the monotonic clock. */
  readonly deadline: number;
}

/** A patch on its way: every step takes it whole, and adds what it has found out. */
export interface PatchContext extends Operation {
  readonly request: PatchRequest;
  /** How the billing API is asked for the customer: as the caller does, and by its id once that is known (U9). */
  readonly customerRef: string;
  /** Null while it is not known. */
  readonly customerId: string | null;
  /** The customer just read; undefined when it was not. */
  readonly before: Customer | undefined;
  readonly diff: PatchDiff;
}

/** With a token and a slot: it may go to the billing API. */
export type AdmittedPatch = PatchContext & BillingCall & { readonly operationId: string };

/** @throws Problem validation-failed */
export const Conditions = createParamDecorator((_: unknown, context: ExecutionContext): PatchConditions => {
  const { query, headers } = context.switchToHttp().getRequest<FastifyRequest>();
  return {
    dryRun: readDryRun(query),
    ifMatch: readIfMatch(headers['if-match']),
    idempotencyKey: readIdempotencyKey(headers['idempotency-key']),
  };
});

/** A caller who wants a preview must not get a real patch, so only `true` and `false` are accepted. */
function readDryRun(query: unknown): boolean {
  refuseFaults(unknownParameters(query, 'dry_run'));
  const value = typeof query === 'object' && query !== null && 'dry_run' in query ? query.dry_run : 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  const detail = 'must be true or false, and given once';
  throw validationFailed([{ parameter: 'dry_run', code: 'not-boolean', detail }]);
}
