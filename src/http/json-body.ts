import type { IncomingMessage } from 'node:http';
import { parse as parseMediaType } from 'fast-content-type-parse';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problem.js';

/** The largest request body, in bytes. */
const BODY_LIMIT = 64 * 1024;

/**
 * Reads and parses a JSON body (RFC 8259).
 * @throws Problem unsupported-media-type, payload-too-large, request-timeout, malformed-json
 */
export async function readJsonBody(request: FastifyRequest): Promise<unknown> {
  requireJson(request);
  return parseJson(arrived(request.raw) ?? (await readBytes(request)));
}

function requireJson(request: FastifyRequest): void {
  // Node uses the first of several, but a proxy in front may use the last.
  const [contentType, ...others] = request.raw.headersDistinct['content-type'] ?? [];
  const { type, charset } = others.length === 0 ? mediaTypeOf(contentType) : {};
  if (type !== 'application/json' || (charset !== undefined && !/^utf-?8$/i.test(charset))) {
    throw new Problem('unsupported-media-type', 'Send Content-Type: application/json in UTF-8.');
  }
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported-media-type', 'Send the body without Content-Encoding.');
  }
}

function mediaTypeOf(header: string | undefined): { type?: string; charset?: string } {
  try {
    const { type, parameters } = parseMediaType(header ?? '');
    const charset = parameters['charset'];
    return { type, ...(charset === undefined ? {} : { charset }) };
  } catch {
    return {};
  }
}

/** The body, if all of it arrived with the header, as small ones do: without listeners, a timer and a wait. */
function arrived(raw: IncomingMessage): Buffer | undefined {
  const { complete, destroyed, readableLength } = raw;
  if (!complete || destroyed || broken.has(raw) || readableLength === 0 || readableLength > BODY_LIMIT)
    return undefined;
  const bytes: unknown = raw.read();
  return Buffer.isBuffer(bytes) ? bytes : undefined;
}

function readBytes(request: FastifyRequest): Promise<Buffer> {
  const { raw, deadline } = request;
  if (declaredLength(raw) > BODY_LIMIT) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (settled: () => void): void => {
      cancel();
      raw.off('data', take).off('end', finish).off('close', breakOff).off(BROKEN, refuse);
      settled();
    };
    const refuse = (problem: Problem): void => {
      settle(() => {
        raw.pause();
        reject(problem);
      });
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > BODY_LIMIT) refuse(tooLarge());
      else chunks.push(chunk);
    };
    const finish = (): void => {
      settle(() => {
        resolve(Buffer.concat(chunks, size));
      });
    };
    const breakOff = (): void => {
      refuse(new Problem('malformed-json', 'The body ended before it was complete.'));
    };
    const cancel = deadline.whenOver(() => {
      refuse(tooLate('The body did not arrive in time.'));
    });
    raw.on('data', take).on('end', finish).on('close', breakOff).on(BROKEN, refuse);
    // An event before this listener is not repeated.
    const known = broken.get(raw);
    if (known !== undefined) refuse(known);
    else if (raw.destroyed) breakOff();
  });
}

/** The event of a request whose body will not arrive completely. */
const BROKEN = 'bff:broken';
const broken = new WeakMap<IncomingMessage, Problem>();

/** Ends a body that can't be parsed or is too slow: its reader gets the problem at once. */
export function breakBody(request: IncomingMessage, problem: Problem): void {
  broken.set(request, problem);
  request.emit(BROKEN, problem);
}

/** Whether too much of the body is unread to read it only to keep the connection. */
export function isBodyLeft(request: IncomingMessage): boolean {
  const chunked = request.headers['transfer-encoding'] !== undefined;
  return !request.complete && (chunked || declaredLength(request) > BODY_LIMIT);
}

function declaredLength({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0);
}

/** The connection ends with the answer: later bytes can't be distinguished from the rest of the body. */
export const CLOSE: Readonly<Record<string, string>> = { Connection: 'close' };

/** The rest of the body is not read. */
function tooLarge(): Problem {
  const detail = `The body may have at most ${BODY_LIMIT} bytes.`;
  return new Problem('payload-too-large', detail, { headers: CLOSE });
}

export function tooLate(detail: string): Problem {
  return new Problem('request-timeout', detail, { headers: CLOSE });
}

function parseJson(bytes: Buffer): unknown {
  const text = decodeUtf8(bytes);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body.
    throw new Problem('malformed-json', 'The body is not well-formed JSON.');
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Problem('malformed-json', 'The body is not UTF-8.');
  }
}

/**
 * Switches off Fastify's own body parser, which runs before any guard. So a body from an unknown caller is neither
 * read nor parsed, and a refusal always has a known caller. The `@Body()` of a route gets the request; `JsonBodyPipe`
 * reads it.
 */
export function leaveBodiesUnread(fastify: FastifyInstance): void {
  // Fastify looks at the Content-Type of no method without a body: it would answer 415 before any guard, and to DELETE.
  for (const method of ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT'])
    fastify.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  fastify.addHook('preHandler', (request, _reply, done) => {
    request.body = request;
    done();
  });
}
