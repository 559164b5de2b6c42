import { type Agent, request } from 'node:http';
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
