import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { describeError, LOGGER } from '../http/logger.js';
import { originOf } from '../http/origin.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { InFlight } from '../runtime/in-flight.js';
import { TenantCache } from '../tenants/tenant-cache.js';
import type { AuditEvent } from './audit-event.js';
import { AuditWriter } from './audit-writer.js';
import { targetOf } from './customer-aliases.js';
import { actorOf } from './provenance.js';

/** Milliseconds for which equal refusals become one event. */
const WINDOW = 60_000;
/** Pairs of caller and problem that are counted at a time. */
const MAX_WINDOWS = 10_000;

interface Window {
  latest: AuditEvent;
  /** Refusals since the last event of the window. */
  count: number;
  readonly cancel: () => void;
}

/**
 * Records refusals of authenticated callers after the answer: the first at once, the following ones within a minute
 * as one event with a count. They can neither flood the trail nor delay a patch.
 */
@Injectable()
export class Refusals {
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly writer: AuditWriter,
    private readonly tenants: TenantCache,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly inFlight: InFlight,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Checks a request that was answered. An operation has its own outcome, and an internal error is not a refusal. */
  observe(request: FastifyRequest): void {
    const { caller, problem } = request;
    if (caller === null || problem === null || problem.options.operationId !== undefined) return;
    if (problem.status >= 500) return;
    // The answer is sent: a failure here may lose the event, but must not end the process.
    const recorded = this.tenantOf(request)
      .then((tenantId) => {
        this.record(this.eventOf(request, caller, problem, tenantId));
      })
      .catch((error: unknown) => {
        this.logger.error(
          { request_id: request.id, error: describeError(error) },
          'a refusal could not be recorded',
        );
      });
    void this.inFlight.during(recorded);
  }

  /** Records the refusals that were only counted so far. */
  flush(): void {
    for (const [key, { cancel, latest, count }] of this.windows) {
      cancel();
      this.windows.delete(key);
      if (count > 0) this.writer.appendLater({ ...latest, count });
    }
  }

  private record(event: AuditEvent): void {
    const key = JSON.stringify([event.tenant_id, event.actor.sub, event.actor.client_id, event.problem]);
    const window = this.windows.get(key);
    if (window !== undefined) {
      window.latest = event;
      window.count += 1;
    } else if (this.windows.size < MAX_WINDOWS) {
      this.writer.appendLater(event);
      this.open(key, event);
    } else {
      this.logger.warn('a refusal is not recorded: too many different refusals at once');
    }
  }

  private open(key: string, latest: AuditEvent): void {
    const cancel = this.clock.after(WINDOW, () => {
      const window = this.windows.get(key);
      this.windows.delete(key);
      if (window === undefined || window.count === 0) return;
      this.writer.appendLater({ ...window.latest, count: window.count });
      this.open(key, window.latest);
    });
    this.windows.set(key, { latest, count: 0, cancel });
  }

  /** An unknown tenant has no trail; its name comes only from the caller. */
  private async tenantOf({ tenantId, claimedTenant }: FastifyRequest): Promise<string | null> {
    const named = tenantId ?? claimedTenant;
    if (named === null) return null;
    const tenant = await this.tenants.find(named).catch(() => null);
    return tenant?.id ?? null;
  }

  private eventOf(
    request: FastifyRequest,
    caller: NonNullable<FastifyRequest['caller']>,
    problem: NonNullable<FastifyRequest['problem']>,
    tenantId: string | null,
  ): AuditEvent {
    const ref = customerRefOf(request.params);
    const { id, at } = this.ids.timed();
    return {
      id,
      operation_id: null,
      occurred_at: at.toISOString(),
      tenant_id: tenantId,
      actor: actorOf(caller),
      origin: originOf(request),
      request_id: request.id,
      trace_id: request.trace.traceId,
      action: 'access.refused',
      phase: 'refusal',
      target: ref === undefined ? null : targetOf(ref),
      outcome: 'refused',
      status: problem.status,
      upstream: null,
      credential: null,
      changes: fieldsOf(problem).map((field) => ({ field, effect: 'not_applied' })),
      problem: problem.slug,
      count: 1,
    };
  }
}

/** Names of documented fields only: another name would be the caller's own text in the trail. */
function fieldsOf({ options }: NonNullable<FastifyRequest['problem']>): string[] {
  const known = (options.errors ?? []).filter(({ code }) => code !== 'unknown-field');
  const names = known.flatMap((fault) => ('pointer' in fault ? fault.pointer.split('/').slice(1, 2) : []));
  return [...new Set(names)].filter((name) => /^[a-z_]{1,64}$/.test(name));
}

/** The customer that the path names. */
function customerRefOf(params: unknown): string | undefined {
  if (typeof params !== 'object' || params === null) return undefined;
  const { id_or_alias: ref, cus_id: id }: { id_or_alias?: unknown; cus_id?: unknown } = params;
  return [ref, id].find((name) => typeof name === 'string');
}
