import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { fromNow } from '../database/database-time.js';
import type { Schema } from '../database/schema.js';
import { describeError, errorLine, LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Poller } from '../runtime/poller.js';
import { LogAlarms } from './log-alarms.js';
import { LogKeys } from './log-keys.js';
import { LogReader } from './log-reader.js';
import { consistencyRanges } from './merkle.js';
import { ED25519_COSIGNATURE, readVkey } from './signed-note.js';
import { type KnownWitness, type WitnessAnswer, WitnessClient } from './witness-client.js';

/** Milliseconds between two looks for logs without a fresh cosignature. */
const POLL_EVERY = 1_000;
/** Logs asked for in one round, and at a time. */
const LOGS_IN_A_ROUND = 500;
const AT_A_TIME = 8;

/** A log whose newest checkpoint one witness has not cosigned. */
interface Due {
  readonly log: string;
  readonly checkpoint: string;
  readonly checkpoint_size: number;
  readonly cosigned_size: number;
  readonly cosigned_checkpoint: string | null;
}

type Witness = KnownWitness & { readonly vkey: string };

/**
 * Has witnesses cosign the newest checkpoint of each log, each at most every AUDIT_WITNESS_INTERVAL_S. Any instance asks
 * for a log, by a claim that lasts for the interval. A witness that does not answer stops nothing; one that knows more
 * than the log has, or something else, is an alarm.
 */
@Injectable()
export class Witnesses implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly kysely: Kysely<Schema>;
  private readonly witnesses: readonly Witness[];
  private readonly intervalMs: number;
  private readonly poller: Poller;

  constructor(
    config: Config,
    { kysely }: Database,
    private readonly client: WitnessClient,
    private readonly reader: LogReader,
    private readonly keys: LogKeys,
    private readonly alarms: LogAlarms,
    private readonly metrics: Metrics,
    clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.kysely = kysely;
    this.intervalMs = config.auditLog.witnessIntervalS * 1_000;
    this.witnesses = config.auditLog.witnesses.flatMap(({ url, key: vkey }) => {
      const key = readVkey(vkey, ED25519_COSIGNATURE);
      return key === undefined ? [] : [{ url, key, vkey }];
    });
    const failed = errorLine(logger, 'asking witnesses failed unexpectedly');
    this.poller = new Poller(clock, POLL_EVERY, () => this.poll(), failed);
  }

  onApplicationBootstrap(): void {
    if (this.witnesses.length > 0) this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.poller.stop();
  }

  private async poll(): Promise<void> {
    try {
      await Promise.all(this.witnesses.map((witness) => this.round(witness)));
    } catch (error) {
      this.logger.warn({ error: describeError(error) }, 'witnesses could not be asked yet');
    }
  }

  private async round(witness: Witness): Promise<void> {
    const due = await this.claim(witness);
    const rest = due.values();
    const work = async (): Promise<void> => {
      for (const log of rest) if (!this.poller.stopped) await this.cosign(witness, log);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    this.metrics.auditWitnessAge(witness.key.name, await this.ageOf(witness));
  }

  private async claim({ vkey }: Witness): Promise<Due[]> {
    const { rows } = await sql<Due>`
      with due as (
        select log.log, log.checkpoint, log.checkpoint_size from audit_log as log
        left join audit_cosignature as last on last.log = log.log and last.witness = ${vkey}
        where log.checkpoint is not null
          and (last.log is null or (last.tried_at <= ${fromNow(-this.intervalMs)}
            and split_part(last.checkpoint, chr(10) || chr(10), 1) is distinct from
                split_part(log.checkpoint, chr(10) || chr(10), 1)))
        order by last.tried_at nulls first limit ${LOGS_IN_A_ROUND}
      ), claimed as (
        insert into audit_cosignature as row (log, witness, tried_at) select log, ${vkey}, now() from due
        on conflict (log, witness) do update set tried_at = now()
          where row.tried_at <= ${fromNow(-this.intervalMs)}
        returning log, size, row.checkpoint
      )
      select due.log, due.checkpoint, due.checkpoint_size,
        claimed.size as cosigned_size, claimed.checkpoint as cosigned_checkpoint
      from claimed join due using (log)`.execute(this.kysely);
    return rows;
  }

  private async cosign(witness: Witness, due: Due): Promise<void> {
    const { log, checkpoint_size: size } = due;
    // Under another origin it is another log to the witness.
    const sameOrigin = due.cosigned_checkpoint?.startsWith(`${this.keys.originOf(log)}\n`) === true;
    const known = sameOrigin ? due.cosigned_size : 0;
    let answer = await this.submit(witness, due, known);
    const told = answer.kind === 'conflict' ? answer.size : undefined;
    if (told !== undefined && told < size && told !== known) answer = await this.submit(witness, due, told);
    if (told === size && told !== known) answer = await this.submit(witness, due, told);
    await this.take(witness, due, answer);
  }

  private async submit(witness: Witness, due: Due, oldSize: number): Promise<WitnessAnswer> {
    const { log, checkpoint, checkpoint_size: size } = due;
    const proof = await this.reader.rootsOf(log, consistencyRanges(oldSize, size));
    return this.client.submit(witness, { oldSize, proof, checkpoint });
  }

  private async take({ key, vkey }: Witness, due: Due, answer: WitnessAnswer): Promise<void> {
    const { log, checkpoint, checkpoint_size: size } = due;
    const source = `witness ${key.name}` as const;
    if (answer.kind === 'cosigned') {
      const taken = { size, checkpoint, cosignatures: answer.lines, cosigned_at: sql<Date>`now()` };
      await this.kysely
        .updateTable('audit_cosignature')
        .set(taken)
        .where('log', '=', log)
        .where('witness', '=', vkey)
        .execute();
      this.alarms.clear(log, source);
      return;
    }
    const details = { witness: key.name, size };
    if (answer.kind === 'conflict' && answer.size !== undefined && answer.size > size) {
      // Another instance may have had a larger one cosigned in the meantime: then it is not ahead of the log.
      if (answer.size > (await this.sizeOf(log)))
        this.alarms.raise(log, source, 'witness-is-ahead', { ...details, witness_size: answer.size });
    } else if (answer.kind === 'inconsistent' || (answer.kind === 'conflict' && answer.size === size)) {
      this.alarms.raise(log, source, 'witness-found-inconsistent', details);
    }
    const reason = answer.kind === 'refused' ? answer.reason : answer.kind;
    this.metrics.auditWitnessRefused(key.name, reason);
    this.logger.warn({ log, ...details, reason }, 'a witness did not cosign a checkpoint');
  }

  private async sizeOf(log: string): Promise<number> {
    const row = await this.kysely
      .selectFrom('audit_log')
      .select('checkpoint_size')
      .where('log', '=', log)
      .executeTakeFirst();
    return row?.checkpoint_size ?? 0;
  }

  /** Seconds since the last cosignature of the log that waits longest for one; 0 if none waits. */
  private async ageOf({ vkey }: Witness): Promise<number> {
    const { rows } = await sql<{ age: number | null }>`
      select max(extract(epoch from now() - coalesce(last.cosigned_at, log.checkpoint_at)))::float8 as age
      from audit_log as log left join audit_cosignature as last on last.log = log.log and last.witness = ${vkey}
      where log.checkpoint_size > coalesce(last.size, 0)`.execute(this.kysely);
    return Math.max(0, rows[0]?.age ?? 0);
  }
}
