import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Connections } from './connections.js';
import { CLOSE, isBodyLeft, tooLate } from './json-body.js';
import { type Fault, Problem, validationFailed } from './problem.js';

/**
 * Answers requests that are not HTTP, have too large a header, or do not arrive in time. Node ends the connection
 * before there is a request.
 */
export function answerMalformedRequest(
  { code }: NodeJS.ErrnoException,
  socket: Socket,
  connections: Connections,
): void {
  if (code === 'ECONNRESET' || !socket.writable) socket.destroy();
  else connections.refuse(socket, problemOf(code));
}

function problemOf(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return tooLate('The request did not arrive in time.');
  const detail =
    code === 'HPE_HEADER_OVERFLOW'
      ? 'The header of the request is too large: it may have at most 16 KiB.'
      : 'The request is malformed: it does not conform to HTTP/1.1 (RFC 9112).';
  return new Problem('validation-failed', detail, { headers: CLOSE });
}

/** Maximum number of header lines; each costs CPU. */
const MAX_HEADERS = 2_000;

/** Refuses with a problem document the requests that Node refuses without one, cuts without an error, or accepts. */
export function answerUnusualRequests(fastify: FastifyInstance, connections: Connections): void {
  const { server } = fastify;
  // RFC 9110, section 10.1.1: an expectation other than 100-continue may be ignored.
  server.on('checkExpectation', (request, response) => {
    server.emit('request', request, response);
  });
  server.on('connect', (_request, socket: Socket) => {
    const detail = 'This is not a proxy: CONNECT is not supported.';
    connections.refuse(socket, new Problem('method-not-allowed', detail, { headers: { Allow: METHODS } }));
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    done(problemOfHeader(request.raw));
  });
  // After an answer to a body that was not read completely, no further request can be read.
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (isBodyLeft(request.raw)) void reply.headers(CLOSE);
    done(null, payload);
  });
}

const METHODS = 'GET, HEAD, PATCH, PUT, DELETE, OPTIONS';

function problemOfHeader(request: IncomingMessage): Problem | undefined {
  if (request.rawHeaders.length / 2 > MAX_HEADERS) {
    const detail = `The header of the request has too many lines: it may have at most ${MAX_HEADERS}.`;
    return new Problem('validation-failed', detail, { headers: CLOSE });
  }
  const fault = faultOfHeader(request);
  return fault === undefined ? undefined : validationFailed([fault], CLOSE);
}

function faultOfHeader({ headers, headersDistinct, httpVersion }: IncomingMessage): Fault | undefined {
  const hosts = headersDistinct['host'] ?? [];
  if (hosts.length > 1) return { header: 'Host', code: 'repeated', detail: 'must be sent once' };
  if (hosts.length === 0 && httpVersion === '1.1') {
    return { header: 'Host', code: 'required', detail: 'is required in HTTP/1.1' };
  }
  if (hosts.some((host) => !HOST.test(host))) {
    return { header: 'Host', code: 'not-host', detail: 'must be a host, optionally with a colon and a port' };
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion !== '1.1')) {
    return {
      header: 'Transfer-Encoding',
      code: 'not-chunked',
      detail: 'must be chunked and nothing else, in HTTP/1.1',
    };
  }
  return undefined;
}

/** uri-host [":" port] of RFC 9112, section 3.2, checked only for characters that could mislead a reader. */
const HOST = /^[^\s/\\@?#,]*$/;
