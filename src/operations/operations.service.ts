import { Injectable } from '@nestjs/common';
import type { AuditEvent } from '../audit/audit-event.js';
import { AuditQueriesForReaders } from '../audit/audit-queries.js';
import { latestOutcome, mergedChanges } from '../audit/latest-outcome.js';
import { trailUnavailable } from '../database/trail-unavailable.js';
import { Problem } from '../http/problem.js';
import { isUuid } from '../http/uuid-param.js';
import { OpenOperations } from './open-operations.js';
import { OperationWaits } from './operation-waits.js';
import type { Operation } from './operation.schema.js';

/** Operations, as the trail shows them. */
@Injectable()
export class OperationsService {
  constructor(
    private readonly events: AuditQueriesForReaders,
    private readonly open: OpenOperations,
    private readonly waits: OperationWaits,
  ) {}

  /** @throws Problem not-found, audit-unavailable */
  async get(tenantId: string, id: string): Promise<Operation> {
    const events = isUuid(id) ? await this.events.ofOperation(tenantId, id).catch(trailUnavailable) : [];
    const operation = toOperation(id.toLowerCase(), events);
    if (operation === undefined) throw new Problem('not-found', 'The tenant has no operation with this id.');
    return operation;
  }

  /**
   * The operation when it is final, or when the time is over.
   * @param ms milliseconds to wait
   * @param gone aborts when the caller hangs up
   * @throws Problem not-found, audit-unavailable
   */
  async whenFinal(tenantId: string, id: string, ms: number, gone: AbortSignal): Promise<Operation> {
    const operation = await this.get(tenantId, id);
    if (operation.final || ms === 0) return operation;
    const wait = this.waits.begin(operation.id, ms, gone);
    if (wait === undefined) return operation;
    try {
      // From here on its end is notified; an end before is found by the read.
      await this.open.announceEnd(operation.id).catch(trailUnavailable);
      let latest = await this.get(tenantId, id);
      while (!latest.final && !wait.over) {
        await wait.next();
        latest = await this.get(tenantId, id);
      }
      return latest;
    } finally {
      wait.end();
    }
  }
}

/** The first event has the start, the last outcome has the status. */
function toOperation(id: string, events: readonly AuditEvent[]): Operation | undefined {
  const [first] = events;
  const last = latestOutcome(events) ?? first;
  if (first === undefined || last === undefined || last.target === null) return undefined;
  const final = last.outcome !== 'pending' && last.outcome !== 'unknown';
  return {
    id,
    status: last.outcome,
    final,
    customer: last.target,
    changes: mergedChanges(first, last),
    attempts: last.upstream?.attempts ?? 0,
    started_at: first.occurred_at,
    ended_at: final ? last.occurred_at : null,
  };
}
