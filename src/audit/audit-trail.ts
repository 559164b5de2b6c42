import { Injectable } from '@nestjs/common';
import type { Transaction } from 'kysely';
import type { KeptAnswer, Schema } from '../database/schema.js';
import { Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { InFlight } from '../runtime/in-flight.js';
import { atMost, within } from '../runtime/within.js';
import type { AuditedRequest, AuditEvent, Provenance, UsedCredential } from './audit-event.js';
import type {
  AdminAction,
  Author,
  OutcomeRecord,
  DataAccess,
  IntentRecord,
  OpenOperation,
  Operation,
} from './audit-records.js';
import { type Entry, storeEntries } from './audit-rows.js';
import { AuditWriter } from './audit-writer.js';
import { ChangeValues } from './change-values.js';
import { aliasesIn, CustomerAliases, targetOf } from './customer-aliases.js';
import { provenanceOf } from './provenance.js';

/** An event of a patch; an outcome unless it says otherwise. */
type PatchRecord = OutcomeRecord & Partial<Pick<AuditEvent, 'action' | 'phase'>>;

/** Milliseconds that a caller waits for an outcome to be stored, even after the deadline. */
const LEAST_WAIT = 500;

/** Records who changed what, and whether the change really happened. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly writer: AuditWriter,
    private readonly values: ChangeValues,
    private readonly aliases: CustomerAliases,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly inFlight: InFlight,
  ) {}

  /**
   * Creates an operation. Nothing is stored yet.
   * @param reverts the operation that it undoes
   */
  begin(
    request: AuditedRequest,
    customerRef: string,
    answerBy: number,
    reverts: string | undefined,
  ): Operation {
    return {
      operationId: this.ids.uuid(),
      provenance: provenanceOf(request),
      target: targetOf(customerRef),
      aliases: aliasesIn([customerRef]),
      reverts,
      answerBy,
    };
  }

  /**
   * Stores the intent, with the data needed to find the outcome if this process dies. Nothing may be sent before this
   * resolves.
   * @throws Problem audit-unavailable
   */
  async intent(operation: Operation, record: IntentRecord, open: OpenOperation): Promise<void> {
    const { operationId: id, answerBy } = operation;
    const { changes, values, customerId } = record;
    try {
      await within(this.clock, answerBy, this.inFlight.during(this.storeIntent(operation, record, open)));
    } catch (error) {
      // The row may be stored although the write failed, or be stored later. It must not stay open for ever.
      void this.outcome(operation, {
        outcome: 'not_applied',
        status: 503,
        upstream: null,
        credential: null,
        customerId,
        changes: changes.map((change) => ({ ...change, effect: 'not_applied' })),
        values,
      });
      throw auditUnavailable(id, error);
    }
  }

  private async storeIntent(operation: Operation, record: IntentRecord, open: OpenOperation): Promise<void> {
    const entry = await this.patchEntry(operation, {
      phase: 'intent',
      outcome: 'pending',
      status: null,
      upstream: null,
      ...record,
    });
    const opens = {
      id: operation.operationId,
      tenant_id: operation.provenance.tenant_id ?? '',
      due_in_ms: open.finishedBy - this.clock.monotonic(),
      snapshot: entry.encryptedValues === undefined ? await open.snapshot() : undefined,
    };
    await this.writer.append({ opens, ...entry });
  }

  /**
   * Stores the outcome of a sent patch. Resolves when it is durable, or when the time is over; then the write
   * continues after the answer.
   */
  async outcome(operation: Operation, ending: OutcomeRecord, answer?: KeptAnswer): Promise<void> {
    const operationState = ending.outcome === 'unknown' ? 'unknown' : 'final';
    await this.tell(operation, this.patchEntry(operation, ending), { operationState, answer });
  }

  /** Stores the outcome of a patch that was not sent. */
  async outcomeUnsent(operation: Operation, ending: OutcomeRecord, answer?: KeptAnswer): Promise<void> {
    await this.tell(operation, this.patchEntry(operation, ending), { answer });
  }

  /** Stores the event of a preview. */
  async previewed(operation: Operation, ending: OutcomeRecord): Promise<void> {
    const record = { action: 'customer.patch.previewed', phase: 'event', ...ending } as const;
    await this.tell(operation, this.patchEntry(operation, record));
  }

  /** Stores that the billing API answered 401 to a version of the tenant's token, and which request got the 401. */
  async tokenRejected(
    provenance: Provenance,
    operationId: string | null,
    credential: UsedCredential,
  ): Promise<void> {
    const event: AuditEvent = {
      ...this.stamp(),
      ...provenance,
      operation_id: operationId,
      action: 'tenant.token.rejected',
      phase: 'event',
      target: null,
      outcome: 'applied',
      status: null,
      upstream: null,
      credential: credentialOf(credential),
      changes: [],
    };
    await this.writer.appendEventually({ event });
  }

  /** Stores that somebody read or exported data of this service. */
  async recordAccess(request: AuditedRequest, act: DataAccess): Promise<void> {
    await this.writer.append({ event: this.accessEvent(request, act) });
  }

  /** Stores that somebody erased data, in the transaction that erases them. */
  async recordErasure(
    transaction: Transaction<Schema>,
    request: AuditedRequest,
    act: DataAccess,
  ): Promise<void> {
    await storeEntries(transaction, [{ event: this.accessEvent(request, act) }]);
  }

  private accessEvent(request: AuditedRequest, act: DataAccess): AuditEvent {
    return {
      operation_id: null,
      action: act.action,
      phase: 'event',
      target: act.target,
      outcome: 'applied',
      status: act.status,
      upstream: null,
      credential: null,
      changes: act.changes,
      ...this.stamp(),
      ...provenanceOf(request),
    };
  }

  /** Stores a change of a tenant in the transaction of the change, so both are stored or neither. */
  async recordAdminAction(transaction: Transaction<Schema>, by: Author, act: AdminAction): Promise<void> {
    const event: AuditEvent = {
      ...this.stamp(),
      ...by,
      operation_id: null,
      tenant_id: act.tenantId,
      action: act.action,
      phase: 'event',
      target: null,
      outcome: 'applied',
      status: act.status,
      upstream: null,
      credential: act.credential === undefined ? null : credentialOf(act.credential),
      changes: act.changes,
    };
    await storeEntries(transaction, [{ event }]);
  }

  /** A caller waits until the deadline, and always for a short time. */
  private tell(
    { answerBy }: Operation,
    entry: Promise<PatchEntry>,
    { operationState, answer }: Pick<Entry, 'operationState' | 'answer'> = {},
  ): Promise<void> {
    const stored = entry.then((made) => this.writer.appendEventually({ operationState, answer, ...made }));
    const until = Math.max(answerBy, this.clock.monotonic() + LEAST_WAIT);
    return atMost(this.clock, until, this.inFlight.during(stored));
  }

  /** The members of a patch's event are in canonical order: then its canonical form costs half. */
  private async patchEntry(
    { operationId, provenance, target, aliases: names, reverts }: Operation,
    { action = 'customer.patch', phase = 'outcome', credential, ...record }: PatchRecord,
  ): Promise<PatchEntry> {
    const { id, occurred_at } = this.stamp();
    const { tenant_id, actor, origin, request_id, trace_id } = provenance;
    const customerId = record.customerId ?? target.customer_id;
    const { changes, encryptedValues } = await this.values.commit(
      { id, tenant_id, customerId },
      record.changes,
      record.values,
    );
    const event: AuditEvent = {
      action,
      actor,
      changes,
      credential: credential === null ? null : credentialOf(credential),
      id,
      occurred_at,
      operation_id: operationId,
      origin,
      outcome: record.outcome,
      phase,
      request_id,
      ...(reverts === undefined ? {} : { reverts }),
      status: record.status,
      target: { customer_id: customerId, ref: target.ref },
      tenant_id,
      trace_id,
      upstream: record.upstream,
    };
    const aliases = this.aliases.rowsOf(tenant_id, names, customerId);
    return { event, encryptedValues, aliases };
  }

  private stamp(): Pick<AuditEvent, 'id' | 'occurred_at'> {
    const { id, at } = this.ids.timed();
    return { id, occurred_at: at.toISOString() };
  }
}

type PatchEntry = Pick<Entry, 'event' | 'encryptedValues' | 'aliases'>;

function auditUnavailable(operationId: string, cause: unknown): Problem {
  const detail = 'The change was not sent, because it cannot be recorded at the moment.';
  const options = { operationId, outcome: 'not_applied', retryAfterS: 5, cause };
  return new Problem('audit-unavailable', detail, options);
}

/** Only these two fields: the argument may contain the token itself. */
function credentialOf({ version, fingerprint }: UsedCredential): UsedCredential {
  return { fingerprint, version };
}
