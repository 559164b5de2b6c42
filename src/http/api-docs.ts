import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { FaultSchema } from './fault.schema.js';
import { ProblemSchema } from './problem.schema.js';
import { Problem, type ProblemBody, PROBLEMS, type ProblemSlug, validationFailed } from './problem.js';

/** Headers of every answer. */
export const REQUEST_ID_HEADER = {
  'X-Request-Id': {
    description: "The request's own id if it was valid, else a new one.",
    schema: { type: 'string' },
  },
  'Cache-Control': { description: 'Always `no-store`.', schema: { type: 'string', example: 'no-store' } },
} as const;

const RETRY_AFTER = { description: 'Whole seconds.', schema: { type: 'integer' } } as const;

/** Documents the problems of a route, grouped by status, because OpenAPI needs that. */
export function ApiProblems(...slugs: readonly ProblemSlug[]): MethodDecorator {
  return ApiProblemsWith(() => ({}), ...slugs);
}

type HeaderDocs = Readonly<
  Record<string, { readonly description?: string; readonly schema: { readonly type: string } }>
>;

/** The same, with further headers for groups of problems. */
export function ApiProblemsWith(
  headersOf: (group: readonly ProblemSlug[]) => HeaderDocs,
  ...slugs: readonly ProblemSlug[]
): MethodDecorator {
  const byStatus = groupByStatus(slugs);
  return applyDecorators(
    ApiExtraModels(ProblemSchema, FaultSchema),
    ...[...byStatus].map(([status, group]) =>
      ApiResponse({
        status,
        description: group.map((slug) => `\`${slug}\`: ${PROBLEMS[slug][2]}`).join('<br>'),
        headers: {
          ...REQUEST_ID_HEADER,
          ...(status === 401 || status === 403 ? { 'WWW-Authenticate': { schema: { type: 'string' } } } : {}),
          ...(status === 429 || status === 503 || group.includes('idempotency-in-flight')
            ? { 'Retry-After': RETRY_AFTER }
            : {}),
          ...headersOf(group),
        },
        content: {
          'application/problem+json': {
            schema: { $ref: getSchemaPath(ProblemSchema) },
            examples: examplesOf(group),
          },
        },
      }),
    ),
  );
}

const EXAMPLE_ID = '01993f2e-8a1b-7c3d-9e4f-5a6b7c8d9e0f';

function examplesOf(slugs: readonly ProblemSlug[]): Record<string, { value: ProblemBody }> {
  const examples = slugs.map((slug) => {
    const { detail, options } = EXAMPLES[slug] ?? { detail: `${PROBLEMS[slug][2]}.`, options: {} };
    return [slug, { value: new Problem(slug, detail, options).toBody(EXAMPLE_ID) }] as const;
  });
  return Object.fromEntries(examples);
}

const EXAMPLES: Partial<Record<ProblemSlug, Problem>> = {
  'validation-failed': validationFailed([
    {
      pointer: '#/billing_address/country',
      code: 'not-country',
      detail: 'must be an ISO 3166-1 alpha-2 code in upper case',
    },
  ]),
  'billing-unreachable': new Problem(
    'billing-unreachable',
    'The billing API could not be reached. Nothing was changed.',
    {
      operationId: EXAMPLE_ID,
      outcome: 'not_applied',
    },
  ),
  'billing-timeout': new Problem('billing-timeout', 'The billing API did not answer in time.', {
    operationId: EXAMPLE_ID,
    outcome: 'unknown',
  }),
};

function groupByStatus(slugs: readonly ProblemSlug[]): Map<number, ProblemSlug[]> {
  const groups = new Map<number, ProblemSlug[]>();
  for (const slug of new Set(slugs)) {
    const status = PROBLEMS[slug][0];
    groups.set(status, [...(groups.get(status) ?? []), slug]);
  }
  return groups;
}
