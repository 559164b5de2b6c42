import { VERSION } from '../runtime/version.js';
import type { Action, AuditEvent } from './audit-event.js';

/** The version of the OCSF schema. */
const OCSF_VERSION = '1.3.0';
const API_ACTIVITY = 6003;

/** Create, read, update, delete; 99: other. */
const ACTIVITIES: Record<Action, 1 | 2 | 3 | 4 | 99> = {
  'customer.patch': 3,
  'customer.patch.previewed': 2,
  'access.refused': 99,
  'tenant.changed': 3,
  'tenant.token.added': 1,
  'tenant.token.retired': 4,
  'tenant.token.rejected': 99,
  'audit.read': 2,
  'audit.exported': 2,
  'personal-data.erased': 4,
};

/** An event as OCSF's API Activity (class 6003), for SIEMs. Data without a place in the class are in `unmapped`. */
export function toOcsf(event: AuditEvent): object {
  const { action, actor, origin, target, credential } = event;
  const activity = ACTIVITIES[action];
  return {
    category_uid: 6,
    class_uid: API_ACTIVITY,
    activity_id: activity,
    type_uid: API_ACTIVITY * 100 + activity,
    severity_id: action === 'access.refused' || action === 'tenant.token.rejected' ? 2 : 1,
    time: Date.parse(event.occurred_at),
    metadata: {
      version: OCSF_VERSION,
      uid: event.id,
      correlation_uid: event.operation_id ?? event.request_id,
      tenant_uid: event.tenant_id ?? undefined,
      product: { name: 'billing-bff', vendor_name: 'billing-bff', version: VERSION },
    },
    actor: {
      user: { uid: actor.sub, type_id: actor.type === 'service' ? 3 : 1 },
      app_uid: actor.client_id ?? undefined,
    },
    src_endpoint: { ip: origin.ip },
    http_request: { uid: event.request_id, user_agent: origin.user_agent ?? undefined },
    api: {
      operation: action,
      request: { uid: event.request_id },
      response: { code: event.status ?? undefined },
    },
    resources:
      target === null
        ? undefined
        : [{ type: 'customer', uid: target.customer_id ?? undefined, name: target.ref }],
    status_id: statusOf(event),
    status_detail: event.problem ?? event.outcome,
    count: event.count,
    unmapped: {
      phase: event.phase,
      outcome: event.outcome,
      changes: event.changes,
      credential,
      trace_id: event.trace_id,
    },
  };
}

/** 1: success, 2: failure, 0: not known. */
function statusOf({ action, outcome }: AuditEvent): 0 | 1 | 2 {
  // A preview succeeded although its change is not applied.
  if (action === 'customer.patch.previewed' && outcome === 'not_applied') return 1;
  if (outcome === 'applied' || outcome === 'unchanged') return 1;
  return outcome === 'pending' || outcome === 'unknown' || outcome === 'unverifiable' ? 0 : 2;
}
