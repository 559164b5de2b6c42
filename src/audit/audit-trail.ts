import type { Clock } from '../runtime/clock.js';
import type { Ids } from '../runtime/ids.js';
import { Problem } from '../http/problem.js';
import type { AuditedRequest, AuditEvent, Change, Outcome, Upstream } from './audit-event.js';
import type { AuditWriter } from './audit-writer.js';
import { maskRef } from './masks.js';

/** A patch that got past the checks. */
export interface Operation {
  /** UUIDv7. */
  readonly id: string;
  readonly request: AuditedRequest;
  /** The `id_or_alias` of the URL. */
  readonly customerRef: string;
}

export interface Ending {
  readonly outcome: Outcome;
  /** The HTTP status that the caller gets. */
  readonly status: number;
  readonly upstream: Upstream;
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
  async intent(operation: Operation, changes: readonly Change[]): Promise<void> {
    try {
      await this.writer.append({
        ...this.patchEvent(operation, customerIdOf(operation)),
        phase: 'intent',
        outcome: 'pending',
        status: null,
        upstream: null,
        changes,
      });
    } catch (error) {
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
  async outcome(operation: Operation, { customerId, ...ending }: Ending): Promise<void> {
    await this.writer.appendEventually({
      ...this.patchEvent(operation, customerId ?? customerIdOf(operation)),
      phase: 'outcome',
      ...ending,
    });
  }

  private patchEvent(
    { id, request, customerRef }: Operation,
    customerId: string | null,
  ): Omit<AuditEvent, 'phase' | 'outcome' | 'status' | 'upstream' | 'changes'> {
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
      credential: null,
    };
  }
}

/** A reference that reads as an id is one (U8). */
function customerIdOf({ customerRef }: Operation): string | null {
  return maskRef(customerRef) === customerRef ? customerRef : null;
}

export function actorOf({
  type,
  sub,
  clientId,
  scopes,
}: AuditedRequest['principal']['caller']): AuditEvent['actor'] {
  return { type, sub, client_id: clientId, scopes };
}
