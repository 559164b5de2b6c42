import { VERSION } from '../runtime/version.js';
import type { Action, AuditEvent } from './audit-event.js';

/** The version of the OCSF schema, and the profile beyond its class. */
const OCSF_VERSION = '1.9.0';
const PROFILES = ['trace'];
const APPLICATION_ACTIVITY = 6;
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

/**
 * An event as OCSF 1.9's API Activity (class 6003, with the profile Trace), for SIEMs. Data without a place in the class
 * are in `unmapped`.
 */
export function toOcsf(event: AuditEvent, leafIndex: number | null): object {
  const { action, actor, origin, target, status } = event;
  const activity = ACTIVITIES[action];
  return {
    category_uid: APPLICATION_ACTIVITY,
    class_uid: API_ACTIVITY,
    activity_id: activity,
    type_uid: API_ACTIVITY * 100 + activity,
    severity_id: action === 'access.refused' || action === 'tenant.token.rejected' ? 2 : 1,
    time: Date.parse(event.occurred_at),
    metadata: {
      version: OCSF_VERSION,
      profiles: PROFILES,
      uid: event.id,
      correlation_uid: event.operation_id ?? event.request_id,
      tenant_uid: event.tenant_id ?? undefined,
      product: { name: 'billing-bff', vendor_name: 'billing-bff', version: VERSION },
    },
    actor: {
      user: { uid: actor.sub, type_id: actor.type === 'service' ? 4 : 1 },
      application: actor.client_id === null ? undefined : { uid: actor.client_id },
    },
    src_endpoint: { ip: origin.ip },
    http_request: { uid: event.request_id, user_agent: origin.user_agent ?? undefined },
    http_response: status === null ? undefined : { code: status },
    api: {
      operation: action,
      request: { uid: event.request_id },
      response: status === null ? undefined : { code: status, error: event.problem },
    },
    resources:
      target === null
        ? undefined
        : [{ type: 'customer', uid: target.customer_id ?? undefined, name: target.ref }],
    trace: { uid: event.trace_id },
    status_id: statusOf(event),
    status_detail: event.problem ?? event.outcome,
    count: event.count,
    unmapped: {
      phase: event.phase,
      outcome: event.outcome,
      changes: event.changes,
      credential: event.credential,
      upstream: event.upstream,
      scopes: actor.scopes,
      act: actor.act,
      reverts: event.reverts,
      leaf_index: leafIndex,
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
