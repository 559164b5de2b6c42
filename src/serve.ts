import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { createAdminApp } from './admin-app.js';
import { AuditWriter } from './audit/audit-writer.js';
import { KeySet } from './auth/key-set.js';
import type { Config } from './config/config.js';
import { processEnvironment } from './config/load.js';
import { createApp } from './create-app.js';
import { Draining } from './health/draining.js';
import { LogOutput } from './http/log-output.js';
import { createLogger, describeError, errorLine, toggleDebug } from './http/logger.js';
import { Metrics } from './metrics/metrics.js';
import { rehearse } from './rehearsal.js';
import { cheapenAcceptedSockets } from './runtime/accepted-sockets.js';
import { SystemClock } from './runtime/clock.js';
import { lowerEngineThreads } from './runtime/engine-threads.js';
import { Ids } from './runtime/ids.js';
import { NO_TRACING, Tracing } from './runtime/tracing.js';
import { VERSION } from './runtime/version.js';

/**
 * Milliseconds after the longest request when a hanging shutdown is cut: time for the reconciler's last read and for
 * a slow database to store the last events.
 */
const SHUTDOWN_GRACE = 10_000;

/** The running service, with the listener of ADMIN_PORT if there is one. */
interface Service {
  readonly app: NestFastifyApplication;
  readonly admin: NestFastifyApplication | undefined;
}

/** Runs the service until a signal stops it. Then the process exits. */
export async function serve(config: Config): Promise<void> {
  const output = new LogOutput(process.stdout, process.stdout.isTTY);
  const logger = createLogger(config.logLevel, output);
  for (const warning of config.warnings) logger.warn(warning);
  const clock = new SystemClock();
  // No request waits for it, so no request failed: a bug gets a log line and does not stop all patches in flight.
  process.on('unhandledRejection', errorLine(logger, 'something failed that nobody waited for'));
  const serves = watchForTheEnd(config, logger, output);
  process.on('SIGUSR2', () => {
    toggleDebug(logger, config.logLevel);
  });
  try {
    const tracing = await tracingOf(config, logger);
    const ids = new Ids(clock);
    const runtime = { config, environment: processEnvironment(), clock, ids, logger, tracing };

    await warmUp(config, logger);
    // The embedded database is WebAssembly: the main thread would wait for the threads that compile it.
    if (config.databaseUrl !== undefined)
      lowerEngineThreads([...process.execArgv, runtime.environment['NODE_OPTIONS'] ?? '']);
    cheapenAcceptedSockets();
    const app = await createApp(runtime);
    app.get(Metrics).watchProcess();
    app.get(Metrics).watchLog(output);
    const admin = config.adminPort === undefined ? undefined : await createAdminApp(app, runtime);
    serves({ app, admin });
    await listen(app, config.host, 'PORT', config.port);
    void app.get(KeySet).warmUp();
    // The parent process waits for these lines, so they are written at any LOG_LEVEL.
    const always = logger.child({ version: VERSION, environment: config.environment }, { level: 'info' });
    if (admin !== undefined) {
      await listen(admin, config.host, 'ADMIN_PORT', config.adminPort ?? 0);
      always.info(`metrics and probes on ${addressOf(admin, config.host)}`);
    }
    always.info(`listening on ${addressOf(app, config.host)}`);
  } catch (error) {
    await fail(error, logger, output);
  }
}

/** OpenTelemetry is loaded only where it is used. */
async function tracingOf({ traces }: Config, logger: Logger): Promise<Tracing> {
  if (traces === undefined) return NO_TRACING;
  const { OtelTracing } = await import('./tracing/otel-tracing.js');
  return new OtelTracing(traces, logger);
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
  if (lacksPackage(error)) process.stderr.write(LACKS_PACKAGE);
  return exit(1, output);
}

/** Exits after the last log lines are written. */
async function exit(code: number, output: LogOutput): Promise<never> {
  await output.flushed();
  process.exit(code);
}

/** Errors with a message for the operator. */
const EXPLAINED = new Set([
  'CannotListen',
  'DatabaseUnusable',
  'DataDirUnusable',
  'TenantsFileError',
  'UnusableKey',
]);

function lacksPackage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
}

const LACKS_PACKAGE =
  'a package is not installed: the image has neither Swagger UI (SWAGGER_ENABLED) nor the embedded database (set DATABASE_URL)\n';

/** HOST and PORT, or ADMIN_PORT, name no address that is free. */
class CannotListen extends Error {
  override readonly name = 'CannotListen';
}

/** @throws CannotListen naming the settings */
async function listen(
  app: NestFastifyApplication,
  host: string,
  name: 'PORT' | 'ADMIN_PORT',
  port: number,
): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const [what, remedy] = LISTEN_FAULTS[code] ?? [`cannot be listened on (${code})`, 'change HOST or PORT'];
    const where = `HOST ${host} with ${name} ${port}`;
    throw new CannotListen(`${where} ${what}; ${remedy.replace('PORT', name)}`, { cause });
  }
}

const NO_ADDRESS = [
  'is no address of this machine',
  'set HOST to one, such as 127.0.0.1, 0.0.0.0 or ::, without brackets',
] as const;

/** By error code. `PORT` stands for the setting's name. */
const LISTEN_FAULTS: Partial<Record<string, readonly [what: string, remedy: string]>> = {
  EADDRINUSE: ['is already in use', 'stop what uses it, or choose another PORT'],
  EACCES: ['may not be used by this account', 'choose a PORT above 1023'],
  EADDRNOTAVAIL: NO_ADDRESS,
  ENOTFOUND: NO_ADDRESS,
};

function addressOf(app: NestFastifyApplication, host: string): string {
  const address: unknown = app.getHttpServer().address();
  const port =
    typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * From the first signal on the service is not ready, and still serves for SHUTDOWN_DELAY_MS, while balancers find out.
 * Then requests in flight are answered and recorded, the database closes, exit 0. Further signals change nothing.
 * An exception that nobody caught ends the process at once, with 1: nobody knows what it left half done. The reconciler
 * of another instance finds the outcomes of patches in flight.
 * @returns a function for the service, once there is one; before that a signal ends the start
 */
function watchForTheEnd(config: Config, logger: Logger, output: LogOutput): (service: Service) => void {
  let service: Service | undefined;
  let begun = false;
  const stop = (signal: string): void => {
    if (begun) return;
    begun = true;
    logger.info({ signal, delay_ms: service === undefined ? 0 : config.shutdownDelayMs }, 'stopping');
    if (service === undefined) {
      void exit(0, output);
      return;
    }
    service.app.get(Draining).begun = true;
    setTimeout(close, config.shutdownDelayMs, service);
  };
  const close = ({ app, admin }: Service): void => {
    // Keeps the process alive, perhaps as the only timer, while the last events wait for a database that is down.
    setTimeout(() => {
      logger.fatal('the shutdown took too long');
      app.get(AuditWriter).giveUp();
      void exit(1, output);
    }, config.billing.deadlineMs + SHUTDOWN_GRACE);
    app
      .close()
      .then(() => Promise.all([admin?.close(), app.get(Tracing).stop()]))
      .then(
        () => {
          logger.info('stopped');
          return exit(0, output);
        },
        (error: unknown) => fail(error, logger, output),
      );
  };
  process.on('uncaughtException', (error) => {
    logger.fatal({ error: describeError(error) }, 'an exception that nobody caught: the process ends');
    service?.app.get(AuditWriter).giveUp();
    void exit(1, output);
  });
  // Never removed: a signal without a listener would kill the process at work.
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);
  return (running) => {
    service = running;
  };
}
