import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sql } from 'kysely';
import { Clock } from '../runtime/clock.js';
import { Poller } from '../runtime/poller.js';
import { Database } from './database.js';

/** Milliseconds between two runs. */
const EVERY = 1_000;
/** Runs that free a hold: a server that stood still may carry out a claim after the first. */
const RUNS = 2;
/** Holds of a table. Those of more operations expire. */
const MAX_HOLDS = 10_000;

/** The column of each table that has the operation. */
const OPERATION = { idempotency_key: 'operation_id', customer_lease: 'holder' } as const;

/** A table whose rows make other requests wait, or refuses them, until an operation has ended. */
type Table = keyof typeof OPERATION;

/**
 * Frees what operations may still hold that ended while the database did not answer. Otherwise other callers would be
 * told that a request is in progress, until the hold expires.
 */
@Injectable()
export class AbandonedHolds implements OnApplicationBootstrap, OnModuleDestroy {
  /** By table and operation: the runs to come. */
  private readonly holds: Record<Table, Map<string, number>> = {
    idempotency_key: new Map(),
    customer_lease: new Map(),
  };
  private readonly poller: Poller;

  constructor(
    private readonly database: Database,
    clock: Clock,
  ) {
    // The database does not answer yet: the next run tries it again.
    this.poller = new Poller(clock, EVERY, () => this.run().catch(() => undefined));
  }

  onApplicationBootstrap(): void {
    this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.poller.stop();
  }

  /** The operation has ended, and may have a row of the table once this claim is answered or given up. */
  addAfter(claim: Promise<unknown>, table: Table, operationId: string): void {
    const add = (): void => {
      this.add(table, operationId);
    };
    void claim.then(add, add);
  }

  /** The operation has ended, and may have a row of the table. */
  add(table: Table, operationId: string): void {
    const holds = this.holds[table];
    if (holds.size < MAX_HOLDS) holds.set(operationId, RUNS);
  }

  /** @throws what the database throws: the holds are kept for the next run */
  async run(): Promise<void> {
    await this.free('idempotency_key');
    await this.free('customer_lease');
  }

  private async free(table: Table): Promise<void> {
    const holds = this.holds[table];
    const operations = [...holds];
    if (operations.length === 0) return;
    const ids = operations.map(([id]) => id);
    await sql`
      delete from ${sql.table(table)} where ${sql.ref(OPERATION[table])} = any(${ids}::uuid[])`.execute(
      this.database.kysely,
    );
    for (const [id, runs] of operations) {
      if (runs > 1) holds.set(id, runs - 1);
      else holds.delete(id);
    }
  }
}
