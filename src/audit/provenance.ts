import { PLATFORM } from '../tenants/tenant.js';
import type { AuditedRequest, AuditEvent, Provenance } from './audit-event.js';
import type { AdminRequest, Author } from './audit-records.js';

/** The actor, origin, tenant and request of an event. */
export function provenanceOf({ principal, requestId, trace, origin }: AuditedRequest): Provenance {
  const { caller, tenant } = principal;
  return {
    tenant_id: tenant.id === PLATFORM.id ? null : tenant.id,
    actor: actorOf(caller),
    origin,
    request_id: requestId,
    trace_id: trace.traceId,
  };
}

/** The operator of a request about a tenant. */
export function authorOf({ caller, requestId, trace, origin }: AdminRequest): Author {
  return { actor: actorOf(caller), origin, request_id: requestId, trace_id: trace.traceId };
}

export function actorOf(caller: AuditedRequest['principal']['caller']): AuditEvent['actor'] {
  const { type, sub, clientId, scopes } = caller;
  const act = caller.act.map((party) => ({ client_id: party.clientId, sub: party.sub }));
  return { ...(act.length === 0 ? {} : { act }), client_id: clientId, scopes, sub, type };
}
