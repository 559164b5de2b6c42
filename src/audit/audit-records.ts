import type { Caller } from '../auth/caller.js';
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
import type { OpenedOperation } from './audit-rows.js';
import type { ChangeValue } from './change-values.js';

/** A patch that got past the checks. */
export interface Operation {
  /** UUIDv7. */
  readonly operationId: string;
  readonly provenance: Provenance;
  readonly target: Target;
  /** When its caller has to be answered, by the monotonic clock. */
  readonly answerBy: number;
}

/** What has to be known of a sent patch to find out later how it ended. */
export type OpenOperation = Omit<OpenedOperation, 'id' | 'tenant_id'>;

/** A request about a tenant, by someone who need not belong to it. */
export type AdminRequest = Omit<AuditedRequest, 'principal'> & { readonly caller: Caller };

export interface AdminAction {
  readonly action: Action;
  /** Whose trail it belongs to. */
  readonly tenantId: string;
  readonly status: number;
  readonly changes: readonly Change[];
  readonly credential?: UsedCredential;
}

export interface DataAccess {
  readonly action: 'audit.read' | 'audit.exported' | 'personal-data.erased';
  readonly customerId: string | null;
  readonly status: number;
  readonly changes: readonly Change[];
}

/** What a patch is about to change. */
export interface IntentRecord {
  readonly changes: readonly Change[];
  /** The values behind their masks. */
  readonly values: readonly ChangeValue[];
  /** Null while it is not known. */
  readonly customerId: string | null;
}

export interface OutcomeRecord {
  readonly outcome: Outcome;
  /** The HTTP status that the caller gets; null when the caller is long gone. */
  readonly status: number | null;
  /** Null when nothing was tried. */
  readonly upstream: Upstream | null;
  /** The version used last; null when there was none. */
  readonly credential: UsedCredential | null;
  readonly customerId: string | null;
  readonly changes: readonly Change[];
  /** The values behind the masks of the changes. */
  readonly values: readonly ChangeValue[];
}
