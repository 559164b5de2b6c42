import { type Fault, Problem, PROBLEMS, type ProblemSlug } from '../http/problem.js';

/** An answer as stored for replays. */
export type StoredAnswer =
  | { readonly kind: 'result'; readonly value: unknown }
  | { readonly kind: 'problem'; readonly problem: StoredProblem };

interface StoredProblem {
  readonly slug: ProblemSlug;
  readonly detail: string;
  readonly errors?: readonly Fault[];
  readonly operationId?: string;
  readonly outcome?: string;
  readonly retryAfterS?: number;
}

/** The header that marks a replay. */
export const REPLAYED = { 'Idempotency-Replayed': 'true' } as const;

export function storedProblem({ slug, detail, options }: Problem): StoredAnswer {
  const { errors, operationId, outcome, retryAfterS } = options;
  return {
    kind: 'problem',
    problem: {
      slug,
      detail,
      ...(errors === undefined ? {} : { errors }),
      ...(operationId === undefined ? {} : { operationId }),
      ...(outcome === undefined ? {} : { outcome }),
      ...(retryAfterS === undefined ? {} : { retryAfterS }),
    },
  };
}

/** The same problem, marked as a replay. */
export function replayedProblem({ slug, detail, ...options }: StoredProblem): Problem {
  return new Problem(slug, detail, { ...options, headers: REPLAYED });
}

/** @throws TypeError if this service did not store it */
export function readStoredAnswer(value: unknown): StoredAnswer {
  if (isResult(value) || isProblem(value)) return value;
  throw new TypeError('not a stored answer');
}

function isResult(value: unknown): value is StoredAnswer {
  return isObject(value) && value['kind'] === 'result' && 'value' in value;
}

function isProblem(value: unknown): value is StoredAnswer {
  if (!isObject(value) || value['kind'] !== 'problem' || !isObject(value['problem'])) return false;
  const { slug, detail } = value['problem'];
  return typeof slug === 'string' && slug in PROBLEMS && typeof detail === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
