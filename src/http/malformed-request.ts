import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Connections } from './connections.js';
import { Problem } from './problem.js';

/**
 * Answers what is not even HTTP, has too large a header, or does not arrive in time: Node gives up on the
 * connection before there is a request, so the problem document is written to the socket by hand.
 */
export function answerMalformedRequest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  connections: Connections,
): void {
  // What came before on the connection is answered first: it may be a patch that was applied.
  if (error.code !== 'ECONNRESET' && connections.endAfterAnswers(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const problem = new Problem(
    'validation-failed',
    'The request is malformed, too slow, or its header is too large.',
  );
  const body = JSON.stringify(problem.toBody(requestId));
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Requests that Node would answer by itself, without a problem document: no `Host`, and unknown expectations. */
export function answerUnusualRequests(fastify: FastifyInstance): void {
  // RFC 9110, section 10.1.1: an expectation other than 100-continue may be ignored.
  fastify.server.on('checkExpectation', (request, response) => {
    fastify.server.emit('request', request, response);
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    const named = request.headers.host !== undefined || request.raw.httpVersion !== '1.1';
    done(named ? undefined : new Problem('validation-failed', 'HTTP/1.1 needs a Host header.'));
  });
}
