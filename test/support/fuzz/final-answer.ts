import { answerOf, type TestAnswer } from '../test-answer.js';

/** The answer on a connection, and what came behind it: nothing, unless more than one request was answered. */
export interface FinalAnswer {
  readonly answer: TestAnswer;
  readonly text: string;
  readonly behind: string;
}

export function finalAnswerIn(bytes: Buffer, method: string): FinalAnswer | undefined {
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [statusLine = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    const status = Number(statusLine.split(' ')[1] ?? 0);
    rest = rest.subarray(end + 4);
    if (status >= 200) {
      const headers = new Headers(lines.map((line): [string, string] => headerIn(line)));
      const [body, behind] = splitBody(
        rest,
        headers,
        (method === 'HEAD' && isParsed(headers)) || status === 204 || status === 304,
      );
      const text = body.toString('utf8');
      return {
        answer: answerOf(status, headers, text),
        text: lines.join('\n') + text,
        behind: behind.toString(),
      };
    }
  }
}

/** Whether the service could read the request, its method and its id; if not, its answer has a body. */
export const isParsed = (headers: Headers): boolean =>
  headers.get('x-request-id')?.startsWith('fuzz-') === true;

function headerIn(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function splitBody(bytes: Buffer, headers: Headers, isBare: boolean): [Buffer, Buffer] {
  if (isBare) return [Buffer.alloc(0), bytes];
  if (headers.get('transfer-encoding') !== 'chunked') {
    const length = Number(headers.get('content-length') ?? bytes.length);
    return [bytes.subarray(0, length), bytes.subarray(length)];
  }
  const chunks: Buffer[] = [];
  for (let rest = bytes; ;) {
    const end = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.toString('latin1', 0, Math.max(end, 0)), 16);
    if (!(size > 0)) return [Buffer.concat(chunks), rest.subarray(end + 4)];
    chunks.push(rest.subarray(end + 2, end + 2 + size));
    rest = rest.subarray(end + 4 + size);
  }
}
