import { Injectable } from '@nestjs/common';
import { LogAlarms } from '../audit-log/log-alarms.js';
import { KeySet } from '../auth/key-set.js';
import { CircuitBreakers } from '../billing/circuit-breakers.js';
import { Database } from '../database/database.js';
import { Clock } from '../runtime/clock.js';
import { Draining } from './draining.js';
import type { Readiness } from './health.schema.js';

/** Time-out of one check of a probe, in milliseconds. */
const CHECK_TIMEOUT = 800;
/** Milliseconds that probes cache the database's answer. */
const PING_EVERY = 1_000;
/** Alarms of audit logs in an answer. */
const SHOWN_ALARMS = 20;

/** Whether this instance is ready for requests. */
@Injectable()
export class HealthChecks {
  private ping: { readonly at: number; underWay: boolean; answer: Promise<boolean> } | undefined;

  constructor(
    private readonly database: Database,
    private readonly keys: KeySet,
    private readonly draining: Draining,
    private readonly breakers: CircuitBreakers,
    private readonly alarms: LogAlarms,
    private readonly clock: Clock,
  ) {}

  async readiness(): Promise<Readiness> {
    const [database] = await Promise.all([
      this.within(this.databaseAnswers(), false),
      this.within(this.keys.warmUp(), undefined),
    ]);
    const checks = {
      database: upIf(database),
      identity_provider: upIf(this.keys.seen),
      process: upIf(!this.draining.begun),
    };
    const status = upIf(Object.values(checks).every((check) => check === 'up'));
    return {
      status,
      checks,
      billing_api: { open_breakers: this.breakers.open },
      audit_log: { alarms: this.alarms.all.slice(0, SHOWN_ALARMS), set_aside: this.alarms.setAsideCount },
    };
  }

  /** A probe can't wait long: a slow check counts as down. */
  private within<Answer>(check: Promise<Answer>, otherwise: Answer): Promise<Answer> {
    return Promise.race([check, this.clock.sleep(CHECK_TIMEOUT).then(() => otherwise)]);
  }

  /** Probes within a second share one ping, because anybody may send them. */
  private databaseAnswers(): Promise<boolean> {
    const now = this.clock.monotonic();
    if (this.ping === undefined || (!this.ping.underWay && now - this.ping.at >= PING_EVERY)) {
      const ended = (answers: boolean) => (): boolean => {
        ping.underWay = false;
        return answers;
      };
      const ping = { at: now, underWay: true, answer: Promise.resolve(false) };
      ping.answer = this.database.ping().then(ended(true), ended(false));
      this.ping = ping;
    }
    return this.ping.answer;
  }
}

function upIf(good: boolean): 'up' | 'down' {
  return good ? 'up' : 'down';
}
