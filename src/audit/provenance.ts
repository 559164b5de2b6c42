import type { AuditedRequest, AuditEvent, Provenance } from './audit-event.js';

/** The actor, origin, tenant and request of an event. */
export function provenanceOf({ principal, requestId, trace, origin }: AuditedRequest): Provenance {
  const { caller, tenant } = principal;
  return {
    tenant_id: tenant.id,
    actor: actorOf(caller),
    origin,
    request_id: requestId,
    trace_id: trace.traceId,
  };
}

export function actorOf({
  type,
  sub,
  clientId,
  scopes,
}: AuditedRequest['principal']['caller']): AuditEvent['actor'] {
  return { client_id: clientId, scopes, sub, type };
}
