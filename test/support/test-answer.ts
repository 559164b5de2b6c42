/** An answer of the service, its body read as JSON where it is any. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** One member of `errors` in a problem document. */
export interface Fault {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

export function answerOf(status: number, headers: Headers, text: string): TestAnswer {
  return { status, headers, body: text === '' ? undefined : parse(text) };
}

/** The `errors` of a problem document; none when it has no such member. */
export function faultsOf({ body }: Pick<TestAnswer, 'body'>): readonly Fault[] {
  return (body as { errors?: Fault[] }).errors ?? [];
}

/** Where the faults are, in the order of the document. */
export function pointersOf(answer: Pick<TestAnswer, 'body'>): string[] {
  return faultsOf(answer).map(({ pointer }) => pointer);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
