import { CALLER_PROBLEMS } from '../auth/caller.docs.js';
import { ApiProblemsOf, REQUEST_ID_HEADER } from '../http/api-docs.js';
import type { ProblemSlug } from '../http/problem.js';

export const OPERATION_ID = {
  'X-Operation-Id': {
    description: 'Id of the patch in the audit trail.',
    schema: { type: 'string', format: 'uuid' },
  },
} as const;

const REPLAYED_HEADER = {
  'Idempotency-Replayed': {
    description: '`true` if this is the answer to an earlier request with the same key.',
    schema: { type: 'string', example: 'true' },
  },
} as const;

/** Headers of every answer to a patch that passed the checks. */
export const OPERATION_HEADERS = { ...REQUEST_ID_HEADER, ...OPERATION_ID, ...REPLAYED_HEADER } as const;

const OPERATION_LOCATION = {
  description: 'The operation, if the outcome is unknown.',
  schema: { type: 'string' },
} as const;

/** Documents the problems of a patch: most of them have an operation id, and may be replays. */
export function ApiPatchProblems(...slugs: readonly ProblemSlug[]): MethodDecorator {
  return ApiProblemsOf(
    'patch',
    (group) => ({
      ...(group.some(hasOperation) ? { ...OPERATION_ID, ...REPLAYED_HEADER } : {}),
      ...(group.some((slug) => UNKNOWN_OUTCOME.has(slug)) ? { Location: OPERATION_LOCATION } : {}),
    }),
    ...slugs,
  );
}

/** The same for a preview: it has no key, and its outcome is always known. */
export function ApiPreviewProblems(...slugs: readonly ProblemSlug[]): MethodDecorator {
  return ApiProblemsOf('preview', (group) => (group.some(hasOperation) ? OPERATION_ID : {}), ...slugs);
}

function hasOperation(slug: ProblemSlug): boolean {
  return !NO_OPERATION.has(slug);
}

/**
 * Problems of a patch before it has an operation. `validation-failed` is not one of them: whether a patch may undo an operation is known
 * only then.
 */
const NO_OPERATION: ReadonlySet<ProblemSlug> = new Set([
  ...CALLER_PROBLEMS.filter((slug) => slug !== 'validation-failed'),
  ...(['malformed-json', 'field-forbidden', 'payload-too-large', 'unsupported-media-type'] as const),
  'request-timeout',
  ...(['idempotency-in-flight', 'idempotency-key-reused'] as const),
]);

const UNKNOWN_OUTCOME: ReadonlySet<ProblemSlug> = new Set([
  'billing-failed',
  'billing-timeout',
  'billing-unavailable',
]);
