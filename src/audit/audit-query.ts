import { validateQuery } from '../http/dto-validation.js';
import { type Fault, refuseFaults } from '../http/problem.js';
import type { AuditedRequest } from './audit-event.js';
import { AuditEventQuery, AuditEventsQuery, DEFAULT_LIMIT, endOf } from './audit-events-query.dto.js';
import type { AuditFilter } from './audit-filter.js';
import { maySeeValues } from './change-values.js';

/** The query of a reader of the trail. */
export interface AuditQuery {
  readonly filter: AuditFilter;
  /** As the caller sent it. */
  readonly cursor: string | undefined;
  readonly limit: number;
  /** Whether a filter excludes anything. */
  readonly filtered: boolean;
  /** The leaf behind which an export begins. */
  readonly afterLeaf: number | undefined;
  /** Whether the values behind the masks are shown: the caller may see them, and did not decline. */
  readonly clear: boolean;
}

/** @throws Problem validation-failed */
export function readAuditQuery(request: AuditedRequest, parameters: object): AuditQuery {
  const { dto, faults } = validateQuery(AuditEventsQuery, parameters);
  const all: Fault[] = [...faults];
  if (dto.field !== undefined && dto.customer === undefined) {
    all.push({
      parameter: 'field',
      code: 'needs-customer',
      detail: 'can only be used together with customer',
    });
  }
  refuseFaults(all);
  const { limit, cursor, from, to, credential_version: version, after_leaf: afterLeaf, ...others } = dto;
  const { clear, ...filters } = others;
  const narrowed = {
    ...Object.fromEntries(Object.entries(filters).filter(([, value]) => typeof value === 'string')),
    ...(version === undefined ? {} : { credentialVersion: Number(version) }),
    ...(from === undefined ? {} : { from: new Date(from) }),
    ...(to === undefined ? {} : { to: endOf(to) }),
  };
  const filtered = cursor !== undefined || Object.keys(narrowed).length > 0;
  return {
    filter: { ...narrowed, tenantId: request.principal.tenant.id },
    cursor,
    limit: Number(limit ?? DEFAULT_LIMIT),
    filtered,
    afterLeaf: afterLeaf === undefined ? undefined : Number(afterLeaf),
    clear: isClear(request, clear),
  };
}

/**
 * Whether one event is shown with the values behind its masks.
 * @throws Problem validation-failed
 */
export function readsClear(request: AuditedRequest, parameters: object): boolean {
  const { dto, faults } = validateQuery(AuditEventQuery, parameters);
  refuseFaults(faults);
  return isClear(request, dto.clear);
}

function isClear(request: AuditedRequest, asked: string | undefined): boolean {
  return asked !== 'false' && maySeeValues(request);
}
