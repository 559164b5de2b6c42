/** An answer of the service, its body read as JSON where it is any. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** One member of `errors` in a problem document. */
export interface Fault {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly header?: string;
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

/** Where the faults of the body are, in the order of the document. */
export function pointersOf(answer: Pick<TestAnswer, 'body'>): string[] {
  return faultsOf(answer).flatMap(({ pointer }) => pointer ?? []);
}

/** Which parameters of the query or the path have faults, in the order of the document. */
export function parametersOf(answer: Pick<TestAnswer, 'body'>): string[] {
  return faultsOf(answer).flatMap(({ parameter }) => parameter ?? []);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
