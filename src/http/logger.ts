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
  const options = {
    level,
    base: { service: 'billing-bff' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    redact: {
      paths: SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: '[redacted]',
    },
  };
  return pino(options, destination);
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
  const speaks = SPEAKING_ERRORS.has(error.name) || /^(E[A-Z_]+|ERR_|FST_|UND_)/.test(code ?? '');
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    ...(speaks ? { message: error.message } : {}),
    frames: stackFrames(error),
    ...(error.cause === undefined || depth === 0 ? {} : { cause: describeError(error.cause, depth - 1) }),
  };
}

const SPEAKING_ERRORS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'Problem']);

function stackFrames(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n').map((line) => line.trim());
  return lines.filter((line) => line.startsWith('at ')).slice(0, 12);
}
