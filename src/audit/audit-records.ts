import type { Caller } from '../auth/caller.js';
import type { EncryptedColumns } from '../database/schema.js';
import type {
  Action,
  AuditedRequest,
  Change,
  Outcome,
  Provenance,
  Target,
  Upstream,
  UsedCredential,
} from './audit-event.js';
import type { ChangeValue } from './change-values.js';

/** A patch that passed the checks. */
export interface Operation {
  /** UUIDv7. */
  readonly operationId: string;
  readonly provenance: Provenance;
  readonly target: Target;
  /** Aliases that the customer is known to have. */
  readonly aliases: readonly string[];
  /** The operation that it undoes; undefined if it undoes none. */
  readonly reverts: string | undefined;
  /** Deadline of the answer, by the monotonic clock. */
  readonly answerBy: number;
}

/** A patch that will be sent next. */
export interface OpenOperation {
  /** When its request is certainly finished, by the monotonic clock. */
  readonly finishedBy: number;
  /** What is needed to find its outcome, encrypted: for an intent without values. */
  readonly snapshot: () => Promise<EncryptedColumns>;
}

/** A request about a tenant; its caller need not belong to that tenant. */
export type AdminRequest = Omit<AuditedRequest, 'principal'> & { readonly caller: Caller };

/** Who changes a tenant, and the request, for the event. */
export type Author = Omit<Provenance, 'tenant_id'>;

export interface AdminAction {
  readonly action: Action;
  /** The tenant whose trail gets the event. */
  readonly tenantId: string;
  /** Null if there is no request. */
  readonly status: number | null;
  readonly changes: readonly Change[];
  readonly credential?: UsedCredential;
}

export interface DataAccess {
  readonly action: 'audit.read' | 'audit.exported' | 'personal-data.erased';
  /** The customer that it is about; null if it is about no single one. */
  readonly target: Target | null;
  readonly status: number;
  readonly changes: readonly Change[];
}

/** The intent of a patch. */
export interface IntentRecord {
  readonly credential: UsedCredential;
  readonly changes: readonly Change[];
  /** The values behind their masks. */
  readonly values: readonly ChangeValue[];
  /** Null while it is not known. */
  readonly customerId: string | null;
}

export interface OutcomeRecord {
  readonly outcome: Outcome;
  /** HTTP status of the caller's answer; null if the caller is no longer connected. */
  readonly status: number | null;
  /** Null if no request was tried. */
  readonly upstream: Upstream | null;
  /** The token version used last; null if none was used. */
  readonly credential: UsedCredential | null;
  readonly customerId: string | null;
  readonly changes: readonly Change[];
  /** The values behind the masks of the changes. */
  readonly values: readonly ChangeValue[];
}
