import { sql } from 'kysely';
import type { Database } from '../database/database.js';
import type { AuditEvent } from './audit-event.js';

/** What a page of the trail shows; times and ids bound it, everything else has to match. */
export interface AuditFilter {
  readonly tenantId: string;
  /** A `cus_` id; finds every event of the operations on this customer. */
  readonly customer?: string;
  /** A subject or a client. */
  readonly actor?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly credentialVersion?: number;
  /** Top-level name of a field concerned. */
  readonly field?: string;
  /** Inclusive. */
  readonly from?: Date;
  /** Exclusive. */
  readonly to?: Date;
  /** Only events before the one with this id. */
  readonly before?: string;
}

/** Reads the trail, one tenant's at a time. */
export class AuditStore {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async list(filter: AuditFilter, limit: number): Promise<AuditEvent[]> {
    const { tenantId, customer, actor, action, outcome, credentialVersion, field, from, to, before } = filter;
    let query = this.database.kysely
      .selectFrom('audit_event')
      .select('event')
      .where('tenant_id', '=', tenantId);
    if (customer !== undefined) {
      // A patch by alias learns the id with its answer: its intent is found through the operation.
      query = query.where((where) =>
        where.or([
          where('customer_id', '=', customer),
          where(
            'operation_id',
            'in',
            where
              .selectFrom('audit_event as same')
              .select('same.operation_id')
              .where('same.tenant_id', '=', tenantId)
              .where('same.customer_id', '=', customer)
              .where('same.operation_id', 'is not', null),
          ),
        ]),
      );
    }
    if (actor !== undefined) {
      query = query.where((where) =>
        where.or([where('actor_sub', '=', actor), where('actor_client_id', '=', actor)]),
      );
    }
    if (action !== undefined) query = query.where('action', '=', action);
    if (outcome !== undefined) query = query.where('outcome', '=', outcome);
    if (credentialVersion !== undefined) query = query.where('credential_version', '=', credentialVersion);
    if (field !== undefined) query = query.where(sql<boolean>`${field} = any(fields)`);
    if (from !== undefined) query = query.where('occurred_at', '>=', from);
    if (to !== undefined) query = query.where('occurred_at', '<', to);
    if (before !== undefined) query = query.where('id', '<', before);
    const rows = await query.orderBy('id', 'desc').limit(limit).execute();
    return rows.map(({ event }) => parseEvent(event));
  }

  /** By its id; undefined for another tenant's. */
  async find(tenantId: string, id: string): Promise<AuditEvent | undefined> {
    const row = await this.database.kysely
      .selectFrom('audit_event')
      .select('event')
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? undefined : parseEvent(row.event);
  }

  /** What patches did after an event to a customer, or to one that they did not get to know; oldest first. */
  async patchesAfter(tenantId: string, customerId: string, eventId: string): Promise<AuditEvent[]> {
    const rows = await this.database.kysely
      .selectFrom('audit_event')
      .select('event')
      .where('tenant_id', '=', tenantId)
      .where((where) => where.or([where('customer_id', '=', customerId), where('customer_id', 'is', null)]))
      .where('id', '>', eventId)
      .where('action', '=', 'customer.patch')
      .orderBy('id')
      .execute();
    return rows.map(({ event }) => parseEvent(event));
  }

  /** Oldest first. */
  async ofOperation(tenantId: string, operationId: string): Promise<AuditEvent[]> {
    const rows = await this.database.kysely
      .selectFrom('audit_event')
      .select('event')
      .where('tenant_id', '=', tenantId)
      .where('operation_id', '=', operationId)
      .orderBy('id')
      .execute();
    return rows.map(({ event }) => parseEvent(event));
  }
}

/** @throws Error for a row that `AuditWriter` did not write */
function parseEvent(text: string): AuditEvent {
  const event: unknown = JSON.parse(text);
  if (!isAuditEvent(event)) throw new Error('a row of audit_event holds no event');
  return event;
}

/** Rows are only ever inserted by `AuditWriter`, and never change: two members tell them from anything else. */
function isAuditEvent(value: unknown): value is AuditEvent {
  return typeof value === 'object' && value !== null && 'id' in value && 'phase' in value;
}
