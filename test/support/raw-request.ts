import { once } from 'node:events';
import { type Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { answerOf, type TestAnswer } from './test-answer.js';

export interface RawRequest {
  /** Names and values in turn where a name comes twice. */
  readonly headers: Record<string, string> | string[];
  /** Sent at once, or piece by piece after the headers. */
  readonly body: string | readonly (string | Buffer)[];
  /** What comes after the last piece; unless told otherwise the request ends. */
  readonly after?: 'end' | 'nothing' | 'destroy';
  /** Unless there is one, the request has a connection of its own. */
  readonly agent?: Agent;
}

/** Patches by a request that travels as it stands: fetch would mend its path, its headers and its length. */
export function patchRaw(
  baseUrl: string,
  path: string,
  { headers, body, after = 'end', agent }: RawRequest,
): Promise<TestAnswer> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const outgoing = request({
      hostname,
      port,
      path,
      method: 'PATCH',
      headers,
      agent: agent ?? false,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      text(response).then((received) => {
        // With an agent the connection is kept; without one the rest of the request is given up.
        if (agent === undefined) outgoing.destroy();
        const { statusCode = 0, headers: answered } = response;
        resolve(answerOf(statusCode, new Headers(answered as Record<string, string>), received));
      }, reject);
    });
    if (typeof body === 'string') {
      outgoing.end(body);
      return;
    }
    outgoing.flushHeaders();
    for (const piece of body) outgoing.write(piece);
    if (after === 'destroy') outgoing.destroy(new Error('gone'));
    if (after === 'end') outgoing.end();
  });
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** A connection that the test writes to as it likes. */
export async function openConnection(baseUrl: string): Promise<Socket> {
  const socket = connect(Number(new URL(baseUrl).port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/**
 * Writes those bytes on a connection of their own, one piece after the other, and only then reads, as some clients
 * do: every answer until the connection ends, ten seconds at most.
 */
export async function exchange(
  baseUrl: string,
  ...pieces: readonly (string | Buffer)[]
): Promise<RawAnswer[]> {
  const socket = await openConnection(baseUrl);
  const tooLong = setTimeout(() => socket.destroy(new Error('the connection did not end')), 10_000);
  try {
    for (const piece of pieces) {
      await new Promise<void>((resolve, reject) => {
        socket.write(piece, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    }
    return await readAnswers(socket);
  } finally {
    clearTimeout(tooLong);
    socket.destroy();
  }
}

/** Every answer until the connection ends. */
export async function readAnswers(socket: Socket): Promise<RawAnswer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const answers: RawAnswer[] = [];
  for (let rest = Buffer.concat(chunks).toString('latin1'); rest !== '';) {
    const end = rest.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = new Headers(
      lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const start = end + 4;
    const length = Number(headers.get('content-length') ?? 0);
    const body = Buffer.from(rest.slice(start, start + length), 'latin1').toString();
    answers.push({ status: Number(statusLine.split(' ')[1] ?? 0), headers, body });
    rest = rest.slice(start + length);
  }
  return answers;
}
