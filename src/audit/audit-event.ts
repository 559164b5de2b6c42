import type { TraceContext } from '../http/trace-context.js';
import type { Principal } from '../auth/access-token.guard.js';

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

/** How a patch stands or ended; `refused` is for requests that never became one. */
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

/** Masked JSON: shows that and roughly what changed, never a personal value. */
export type Masked = string | boolean | null | readonly Masked[] | { readonly [key: string]: Masked };

export interface Change {
  /** Top-level name. */
  readonly field: string;
  /** Absent where the customer was not read. */
  readonly before?: Masked;
  readonly after?: Masked;
  /** Absent in an intent: nothing has happened yet. */
  readonly effect?: Effect;
  /** HMAC-SHA-256 of the value under a salt of its own, lower-case hex; absent where no value is kept. */
  readonly before_commitment?: string;
  readonly after_commitment?: string;
  /** Only for readers with the scope audit:read:clear; never stored. */
  readonly clear?: object;
}

/** One record of the trail; the seal is not part of what is stored. */
export interface AuditEvent {
  readonly id: string;
  readonly operation_id: string | null;
  /** RFC 3339, UTC, milliseconds: the time that `id` begins with. */
  readonly occurred_at: string;
  readonly tenant_id: string | null;
  readonly actor: {
    readonly type: 'user' | 'service';
    readonly sub: string;
    readonly client_id: string | null;
    readonly scopes: readonly string[];
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
  /** The version of the tenant's token that was used, or that the event is about. */
  readonly credential: UsedCredential | null;
  readonly changes: readonly Change[];
  /** Of a refusal: the problem that was answered, and how often within the minute before. */
  readonly problem?: string;
  readonly count?: number;
}

/** Where an event comes from: who acts, for which tenant, in which request. */
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
  /** Of the last answer; null when there was none that is complete. */
  readonly status: number | null;
  /** How often the patch was sent, or tried to be; 0 when the read before it ended it. */
  readonly attempts: number;
  readonly duration_ms: number;
}

/** The request that an event is about. */
export interface AuditedRequest {
  readonly principal: Principal;
  readonly requestId: string;
  readonly trace: TraceContext;
  readonly origin: Origin;
}
