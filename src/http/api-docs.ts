import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { FaultSchema } from './fault.schema.js';
import { type Answered, exampleOf } from './problem-examples.js';
import { PROBLEMS, type ProblemBody, type ProblemSlug } from './problem.js';
import { ProblemSchema } from './problem.schema.js';

/** Headers of every answer. */
export const REQUEST_ID_HEADER = {
  'X-Request-Id': {
    description: "The request's own id if it was valid, else a new one.",
    required: true,
    schema: { type: 'string' },
  },
  'Cache-Control': {
    description: 'Always `no-store`.',
    required: true,
    schema: { type: 'string', example: 'no-store' },
  },
} as const;

const RETRY_AFTER = { description: 'Whole seconds.', schema: { type: 'integer' } } as const;

/** Documents the problems of a route, grouped by status, because OpenAPI needs that. */
export function ApiProblems(...slugs: readonly ProblemSlug[]): MethodDecorator {
  return ApiProblemsOf('other', () => ({}), ...slugs);
}

type HeaderDocs = Readonly<
  Record<string, { readonly description?: string; readonly schema: { readonly type: string } }>
>;

/** The same, with further headers for groups of problems. */
export function ApiProblemsOf(
  answered: Answered,
  headersOf: (group: readonly ProblemSlug[]) => HeaderDocs,
  ...slugs: readonly ProblemSlug[]
): MethodDecorator {
  const byStatus = groupByStatus(slugs);
  return applyDecorators(
    ApiExtraModels(ProblemSchema, FaultSchema),
    ...[...byStatus].map(([status, group]) =>
      ApiResponse({
        status,
        description: group.map(summaryWithLink).join('<br>'),
        headers: {
          ...REQUEST_ID_HEADER,
          ...(status === 401 || status === 403 ? { 'WWW-Authenticate': { schema: { type: 'string' } } } : {}),
          ...(group.some(saysWhen) ? { 'Retry-After': RETRY_AFTER } : {}),
          ...headersOf(group),
        },
        content: {
          'application/problem+json': {
            schema: { $ref: getSchemaPath(ProblemSchema) },
            examples: examplesOf(group, answered),
          },
        },
      }),
    ),
  );
}

/** Whether an answer with this problem says when to try again. */
function saysWhen(slug: ProblemSlug): boolean {
  const [status] = PROBLEMS[slug];
  return status === 429 || status === 503 || slug === 'idempotency-in-flight' || slug === 'not-sealed';
}

/** Each problem has a page of its own. */
function summaryWithLink(slug: ProblemSlug): string {
  return `[\`${slug}\`](/problems/${slug}): ${PROBLEMS[slug][2]}`;
}

function examplesOf(
  slugs: readonly ProblemSlug[],
  answered: Answered,
): Record<string, { summary: string; value: ProblemBody }> {
  return Object.fromEntries(
    slugs.map((slug) => [slug, { summary: PROBLEMS[slug][2], value: exampleOf(slug, answered) }]),
  );
}

function groupByStatus(slugs: readonly ProblemSlug[]): Map<number, ProblemSlug[]> {
  const groups = new Map<number, ProblemSlug[]>();
  for (const slug of new Set(slugs)) {
    const status = PROBLEMS[slug][0];
    groups.set(status, [...(groups.get(status) ?? []), slug]);
  }
  return groups;
}
