import type { components } from './schema.js';

type Described = components['schemas']['Problem'];

/** A fault of the request and its place: `pointer` (body), `parameter` (query, path) or `header`. */
export type Fault = components['schemas']['Fault'];

/** What some problems always have, beyond what every problem has. */
interface Always {
  'urn:billing-bff:problem:validation-failed': { readonly errors: Fault[] };
  'urn:billing-bff:problem:field-forbidden': { readonly errors: Fault[] };
  'urn:billing-bff:problem:billing-unreachable': { readonly outcome?: 'not_applied' };
  'urn:billing-bff:problem:billing-failed': { readonly outcome?: 'not_applied' | 'unknown' };
  'urn:billing-bff:problem:billing-unavailable': { readonly outcome?: 'not_applied' | 'unknown' };
  'urn:billing-bff:problem:billing-timeout': { readonly outcome?: 'unknown' };
}

/** A problem that the BFF answered (RFC 9457). `type` tells them apart. */
export type AnsweredProblem = {
  readonly [Type in Described['type']]: Omit<Described, 'type' | keyof AlwaysOf<Type>> & {
    readonly type: Type;
  } & AlwaysOf<Type>;
}[Described['type']];

type AlwaysOf<Type> = Type extends keyof Always ? Always[Type] : unknown;

/** There is no answer, or none of the BFF's: the network failed, time was over, or a gateway answered. */
export interface NoAnswer {
  readonly type: 'urn:billing-bff:client:no-answer';
  readonly title: string;
  /** The status of an answer that is not the BFF's; 0 if there was no answer. */
  readonly status: number;
  readonly detail: string;
  readonly operation_id?: undefined;
  readonly outcome?: undefined;
  readonly errors?: undefined;
  /** What `fetch` threw. */
  readonly cause?: unknown;
}

export type Problem = AnsweredProblem | NoAnswer;

/** A problem after which nobody knows yet whether the patch was applied. `waitForOutcome` finds out. */
export type UnknownOutcome = AnsweredProblem & { readonly outcome: 'unknown'; readonly operation_id: string };

export function isUnknownOutcome(problem: Problem): problem is UnknownOutcome {
  return problem.outcome === 'unknown' && problem.operation_id !== undefined;
}

/** The problem in the body of an answer; undefined if the body is none of the BFF's. */
export function problemIn(body: unknown): AnsweredProblem | undefined {
  return isProblem(body) ? body : undefined;
}

function isProblem(body: unknown): body is AnsweredProblem {
  if (typeof body !== 'object' || body === null || !('type' in body)) return false;
  return typeof body.type === 'string' && body.type.startsWith('urn:billing-bff:problem:');
}

export function noAnswer(status: number, cause?: unknown): NoAnswer {
  const detail =
    status === 0
      ? 'There was no answer. The request may have been carried out.'
      : `Something else than the BFF answered (${status}). The request may have been carried out.`;
  return { type: 'urn:billing-bff:client:no-answer', title: 'No answer', status, detail, cause };
}
