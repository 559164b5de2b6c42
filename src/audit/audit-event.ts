import type { Principal } from '../auth/access-token.guard.js';
import type { TraceContext } from '../http/trace-context.js';

export const ACTIONS = [
  'customer.patch',
  'customer.patch.previewed',
  'access.refused',
  'tenant.changed',
  'tenant.token.added',
  'tenant.token.retired',
  'tenant.token.rejected',
  'audit.read',
  'audit.exported',
  'personal-data.erased',
] as const;
export type Action = (typeof ACTIONS)[number];

export const PHASES = ['intent', 'outcome', 'refusal', 'event'] as const;
export type Phase = (typeof PHASES)[number];

/** The status of a patch. `refused` is for requests that never became a patch. */
export const OUTCOMES = [
  'pending',
  'applied',
  'unchanged',
  'rejected',
  'not_applied',
  'unknown',
  'unverifiable',
  'refused',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const EFFECTS = [
  'applied',
  'normalised',
  'ignored',
  'raced',
  'unverifiable',
  'not_applied',
  'unchanged',
] as const;
export type Effect = (typeof EFFECTS)[number];

/** Masked JSON: shows that a value changed, and roughly how, but never a personal value. */
export type Masked = string | boolean | null | readonly Masked[] | { readonly [key: string]: Masked };

export interface Change {
  /** Top-level name. */
  readonly field: string;
  /** Absent where the customer was not read. */
  readonly before?: Masked;
  readonly after?: Masked;
  /** Absent in an intent. */
  readonly effect?: Effect;
  /** HMAC-SHA-256 of the value, keyed with its own salt, in lower-case hex; absent if no value is stored. */
  readonly before_commitment?: string;
  readonly after_commitment?: string;
  /** Only for readers with the scope audit:read:clear; never stored. */
  readonly clear?: object;
}

/** One record of the trail, as stored: its RFC 8785 form is a leaf of the tenant's log. */
export interface AuditEvent {
  readonly id: string;
  readonly operation_id: string | null;
  /** RFC 3339, UTC, milliseconds: the time in `id`. */
  readonly occurred_at: string;
  readonly tenant_id: string | null;
  readonly actor: {
    readonly type: 'user' | 'service';
    readonly sub: string;
    readonly client_id: string | null;
    readonly scopes: readonly string[];
    /** Who acted for the subject (RFC 8693), the nearest first; absent if nobody did. */
    readonly act?: readonly { readonly sub: string | null; readonly client_id: string | null }[];
  };
  readonly origin: Origin;
  readonly request_id: string;
  readonly trace_id: string;
  readonly action: Action;
  readonly phase: Phase;
  readonly target: Target | null;
  readonly outcome: Outcome;
  readonly status: number | null;
  readonly upstream: Upstream | null;
  /** The version of the tenant's token that was used or changed. */
  readonly credential: UsedCredential | null;
  readonly changes: readonly Change[];
  /** The operation that this patch undoes. */
  readonly reverts?: string;
  /** Only for a refusal: the problem in the answer, and how often it occurred within the previous minute. */
  readonly problem?: string;
  readonly count?: number;
}

/** The actor, tenant and request of an event. */
export type Provenance = Pick<AuditEvent, 'tenant_id' | 'actor' | 'origin' | 'request_id' | 'trace_id'>;

export interface UsedCredential {
  readonly version: number;
  readonly fingerprint: string;
}

export interface Origin {
  readonly ip: string;
  readonly user_agent: string | null;
}

export interface Target {
  /** As in the URL; masked, unless it is a `cus_` id. */
  readonly ref: string;
  readonly customer_id: string | null;
}

export interface Upstream {
  /** Status of the last answer; null if no answer was complete. */
  readonly status: number | null;
  /** How often the BFF tried to send the patch; 0 if it stopped after the read before. */
  readonly attempts: number;
  readonly duration_ms: number;
}

/** The request of an event. */
export interface AuditedRequest {
  readonly principal: Principal;
  readonly requestId: string;
  readonly trace: TraceContext;
  readonly origin: Origin;
}
