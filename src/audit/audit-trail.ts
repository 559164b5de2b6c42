import type { Transaction } from 'kysely';
import type { Caller } from '../auth/caller.js';
import type { Schema } from '../database/schema.js';
import type { Clock } from '../runtime/clock.js';
import type { Ids } from '../runtime/ids.js';
import { Problem } from '../http/problem.js';
import type {
  Action,
  AuditedRequest,
  AuditEvent,
  Change,
  Outcome,
  Upstream,
  UsedCredential,
} from './audit-event.js';
import { type AuditWriter, toRow } from './audit-writer.js';
import { maskRef } from './masks.js';

/** A patch that got past the checks. */
export interface Operation {
  /** UUIDv7. */
  readonly id: string;
  readonly request: AuditedRequest;
  /** The `id_or_alias` of the URL. */
  readonly customerRef: string;
}

/** A request about a tenant, by someone who need not belong to it. */
export type AdministeredRequest = Omit<AuditedRequest, 'principal'> & { readonly caller: Caller };

export interface Administration {
  readonly action: Action;
  /** Whose trail it belongs to. */
  readonly tenantId: string;
  readonly status: number;
  readonly changes: readonly Change[];
  readonly credential?: UsedCredential;
}

export interface Ending {
  readonly outcome: Outcome;
  /** The HTTP status that the caller gets. */
  readonly status: number;
  /** Null when nothing was tried. */
  readonly upstream: Upstream | null;
  /** The version used last; null when there was none. */
  readonly credential: UsedCredential | null;
  readonly customerId: string | null;
  readonly changes: readonly Change[];
}

/** Who changed what and whether it really happened. */
export class AuditTrail {
  constructor(
    private readonly writer: AuditWriter,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** A new operation; nothing is stored yet. */
  begin(request: AuditedRequest, customerRef: string): Operation {
    return { id: this.ids.uuid(), request, customerRef };
  }

  /**
   * Stores what is about to be sent. Nothing may be sent before this resolves.
   * @throws Problem audit-unavailable
   */
  async intent(operation: Operation, credential: UsedCredential, changes: readonly Change[]): Promise<void> {
    try {
      await this.writer.append({
        ...this.patchEvent(operation, customerIdOf(operation)),
        phase: 'intent',
        outcome: 'pending',
        status: null,
        upstream: null,
        credential: credentialOf(credential),
        changes,
      });
    } catch (error) {
      // The row may have been stored all the same, or be stored yet: it must not stand open for ever.
      void this.outcome(operation, {
        outcome: 'not_applied',
        status: 503,
        upstream: null,
        credential: null,
        customerId: null,
        changes: changes.map((change) => ({ ...change, effect: 'not_applied' })),
      });
      throw new Problem(
        'audit-unavailable',
        'The change was not sent: it cannot be recorded at the moment.',
        {
          operationId: operation.id,
          outcome: 'not_applied',
          retryAfterS: 5,
          cause: error,
        },
      );
    }
  }

  /** Stores how it ended; resolves when that is durable, or when it has to be tried again behind the answer. */
  async outcome(operation: Operation, { customerId, credential, ...ending }: Ending): Promise<void> {
    await this.writer.appendEventually({
      ...this.patchEvent(operation, customerId ?? customerIdOf(operation)),
      phase: 'outcome',
      ...ending,
      credential: credential === null ? null : credentialOf(credential),
    });
  }

  /** Stores that the billing API said 401 to a version of the tenant's token, found out by this operation. */
  async tokenRejected(operation: Operation, credential: UsedCredential): Promise<void> {
    await this.writer.appendEventually({
      ...this.patchEvent(operation, null),
      action: 'tenant.token.rejected',
      phase: 'event',
      target: null,
      outcome: 'applied',
      status: null,
      upstream: null,
      credential: credentialOf(credential),
      changes: [],
    });
  }

  /** Stores a change of a tenant within the transaction that makes it: both are there, or neither. */
  async administered(
    transaction: Transaction<Schema>,
    request: AdministeredRequest,
    act: Administration,
  ): Promise<void> {
    const event: AuditEvent = {
      id: this.ids.uuid(),
      operation_id: null,
      occurred_at: new Date(this.clock.now()).toISOString(),
      tenant_id: act.tenantId,
      actor: actorOf(request.caller),
      origin: request.origin,
      request_id: request.requestId,
      trace_id: request.trace.traceId,
      action: act.action,
      phase: 'event',
      target: null,
      outcome: 'applied',
      status: act.status,
      upstream: null,
      credential: act.credential === undefined ? null : credentialOf(act.credential),
      changes: act.changes,
    };
    await transaction.insertInto('audit_event').values(toRow(event)).execute();
  }

  private patchEvent(
    { id, request, customerRef }: Operation,
    customerId: string | null,
  ): Omit<AuditEvent, 'phase' | 'outcome' | 'status' | 'upstream' | 'credential' | 'changes'> {
    const { caller, tenant } = request.principal;
    return {
      id: this.ids.uuid(),
      operation_id: id,
      occurred_at: new Date(this.clock.now()).toISOString(),
      tenant_id: tenant.id,
      actor: actorOf(caller),
      origin: request.origin,
      request_id: request.requestId,
      trace_id: request.trace.traceId,
      action: 'customer.patch',
      target: { ref: maskRef(customerRef), customer_id: customerId },
    };
  }
}

/** A reference that reads as an id is one (U8). */
function customerIdOf({ customerRef }: Operation): string | null {
  return maskRef(customerRef) === customerRef ? customerRef : null;
}

/** Those two members and no other: what is passed may carry the token itself. */
function credentialOf({ version, fingerprint }: UsedCredential): UsedCredential {
  return { version, fingerprint };
}

export function actorOf({
  type,
  sub,
  clientId,
  scopes,
}: AuditedRequest['principal']['caller']): AuditEvent['actor'] {
  return { type, sub, client_id: clientId, scopes };
}
