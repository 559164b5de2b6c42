import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from '../config/config.js';

/** Injection token of the process's one pino logger: JSON lines on standard output. */
export const LOGGER = Symbol('Logger');

/**
 * Lines are built from named fields only. The redaction is a second protection, in case a whole header or settings
 * object ever reaches a line.
 */
export function createLogger(level: LogLevel, destination: DestinationStream): Logger {
  const family: Logger[] = [];
  const options = {
    level,
    onChild: (child: Logger) => void family.push(child),
    base: { service: 'billing-bff' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    redact: {
      paths: SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: '[redacted]',
    },
  };
  const logger = pino(options, destination);
  FAMILIES.set(logger, family);
  return logger;
}

/** The children of each logger: pino gives them a level of their own. */
const FAMILIES = new WeakMap<Logger, readonly Logger[]>();

/** Lets the logger and its children write more, or again as much as before, and says so. */
export function toggleDebug(logger: Logger, configured: LogLevel): void {
  const other = configured === 'debug' || configured === 'trace' ? 'info' : 'debug';
  const level = logger.level === configured ? other : configured;
  for (const member of [logger, ...(FAMILIES.get(logger) ?? [])]) member.level = level;
  // At any level: it says why there are more lines from here on, or fewer.
  logger.child({}, { level: 'info' }).info({ log_level: level }, 'the log level was changed');
}

/**
 * For a line of every request, built from values that are safe: without the redaction, which copies each line several
 * times. It took longer than everything else about the line.
 */
export function withoutRedaction(logger: Logger): Logger {
  return logger.child({}, { redact: [] });
}

const SECRET_MEMBERS = ['authorization', 'Authorization', 'cookie', 'token', 'password', 'client_secret'];

/** Nest's own messages, as lines of the same log. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: unknown): void {
    this.logger.debug({ context }, String(message));
  }

  warn(message: unknown, context?: unknown): void {
    this.logger.warn({ context }, String(message));
  }

  error(message: unknown, stack?: unknown, context?: unknown): void {
    const error = message instanceof Error ? describeError(message) : undefined;
    this.logger.error(
      { context, error, stack },
      error === undefined ? String(message) : 'error in the framework',
    );
  }

  fatal(message: unknown, context?: unknown): void {
    this.logger.fatal({ context }, String(message));
  }
}

/** Returns a handler that logs an error in one line. */
export function errorLine(logger: Logger, message: string): (error: unknown) => void {
  return (error) => {
    logger.error({ error: describeError(error) }, message);
  };
}

export interface ErrorDescription {
  readonly type: string;
  readonly code?: string;
  readonly message?: string;
  readonly frames?: readonly string[];
  readonly cause?: ErrorDescription;
}

/**
 * The part of an error that may be logged. Messages of parsers and databases quote their input, and HTTP errors have
 * headers and bodies. So only messages that can't contain data are kept.
 */
export function describeError(error: unknown, depth = 3): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const speaks = SPEAKING_ERRORS.has(error.name) || SPEAKING_CODES.test(code ?? '');
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    ...(speaks ? { message: error.message } : {}),
    frames: stackFrames(error),
    ...(error.cause === undefined || depth === 0 ? {} : { cause: describeError(error.cause, depth - 1) }),
  };
}

const SPEAKING_ERRORS = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'Problem',
  'DatabaseUnreachable',
  'KeySetUnavailable',
]);

/** Of Node.js, Fastify and undici; and 42501, with which PostgreSQL names what an account lacks rights on. */
const SPEAKING_CODES = /^(E[A-Z_]+|ERR_|FST_|UND_)|^42501$/;

/** What an error was caused by, in a few words, for the line of a request that failed because of it. */
export function causesOf(error: unknown, depth = 4): Omit<ErrorDescription, 'frames' | 'cause'>[] {
  if (!(error instanceof Error) || depth === 0) return [];
  const { type, code, message } = describeError(error, 0);
  const words = {
    type,
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
  };
  return [words, ...causesOf(error.cause, depth - 1)];
}

function stackFrames(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n').map((line) => line.trim());
  return lines.filter((line) => line.startsWith('at ')).slice(0, 12);
}
