import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AuditWriter } from './audit/audit-writer.js';
import { KeySet } from './auth/key-set.js';
import type { Config } from './config/config.js';
import { processEnvironment } from './config/load.js';
import { createApp } from './create-app.js';
import { Draining } from './health/draining.js';
import { createLogger, describeError, errorLine } from './http/logger.js';
import { LogOutput } from './http/log-output.js';
import { Metrics } from './metrics/metrics.js';
import { rehearse } from './rehearsal.js';
import { SystemClock } from './runtime/clock.js';
import { Ids } from './runtime/ids.js';
import { VERSION } from './runtime/version.js';

/**
 * Milliseconds after the longest request when a hanging shutdown is cut: time for the reconciler's last read and for
 * a slow database to store the last events.
 */
const SHUTDOWN_GRACE = 10_000;

/** Runs the service until a signal stops it. Then the process exits. */
export async function serve(config: Config): Promise<void> {
  const output = new LogOutput(process.stdout);
  const logger = createLogger(config.logLevel, output);
  for (const warning of config.warnings) logger.warn(warning);
  const clock = new SystemClock();
  // No request waits for it, so no request failed: a bug gets a log line and does not stop all patches in flight.
  process.on('unhandledRejection', errorLine(logger, 'something failed that nobody waited for'));
  try {
    const runtime = { config, environment: processEnvironment(), clock, ids: new Ids(clock), logger };

    await warmUp(config, logger);
    const app = await createApp(runtime);
    app.get(Metrics).watchProcess();
    app.get(Metrics).watchLog(output);
    stopOnSignals(app, config, logger, output);
    await app.listen(config.port, config.host);
    void app.get(KeySet).warmUp();
    // The parent process waits for this line, so it is written at any LOG_LEVEL.
    const always = logger.child({ version: VERSION, environment: config.environment }, { level: 'info' });
    always.info(`listening on ${addressOf(app, config)}`);
  } catch (error) {
    await fail(error, logger, output);
  }
}

/** Before the application: each one that is created takes over Nest's own messages. */
async function warmUp(config: Config, logger: Logger): Promise<void> {
  try {
    await rehearse(config);
  } catch (error) {
    logger.warn({ error: describeError(error) }, 'the rehearsal failed: the first requests take longer');
  }
}

/** Exits at once: open resources must not keep a process alive that serves nothing. */
async function fail(error: unknown, logger: Logger, output: LogOutput): Promise<never> {
  logger.fatal({ error: describeError(error) }, 'the service cannot start');
  if (error instanceof Error && EXPLAINED.has(error.name)) process.stderr.write(`${error.message}\n`);
  return exit(1, output);
}

/** Exits after the last log lines are written. */
async function exit(code: number, output: LogOutput): Promise<never> {
  await output.flushed();
  process.exit(code);
}

/** Errors with a message for the operator. */
const EXPLAINED = new Set(['DatabaseUnusable', 'TenantsFileError', 'UnusableKey']);

function addressOf(app: NestFastifyApplication, { host, port }: Config): string {
  const address: unknown = app.getHttpServer().address();
  const bound =
    typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
}

/**
 * Readiness goes down, requests in flight are answered and recorded, the database closes, exit 0. Further signals
 * change nothing.
 */
function stopOnSignals(app: NestFastifyApplication, config: Config, logger: Logger, output: LogOutput): void {
  const draining = app.get(Draining);
  const stop = (signal: string): void => {
    if (draining.begun) return;
    draining.begun = true;
    logger.info({ signal }, 'stopping');
    // Keeps the process alive, perhaps as the only timer, while the last events wait for a database that is down.
    setTimeout(() => {
      logger.fatal('the shutdown took too long');
      app.get(AuditWriter).giveUp();
      void exit(1, output);
    }, config.billing.deadlineMs + SHUTDOWN_GRACE);
    app.close().then(
      () => {
        logger.info('stopped');
        return exit(0, output);
      },
      (error: unknown) => fail(error, logger, output),
    );
  };
  // Never removed: a signal without a listener would kill the process at work.
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);
}
