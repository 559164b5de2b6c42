import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { FaultSchema, ProblemSchema } from './problem.schema.js';
import { Problem, type ProblemBody, PROBLEMS, type ProblemSlug, validationFailed } from './problem.js';

/** Headers of every answer. */
export const REQUEST_ID_HEADER = {
  'X-Request-Id': { description: 'Yours if it was well-formed, else a new one.', schema: { type: 'string' } },
  'Cache-Control': { description: 'Always `no-store`.', schema: { type: 'string', example: 'no-store' } },
} as const;

const OPERATION_ID = {
  'X-Operation-Id': {
    description: 'Names the patch in the audit trail.',
    schema: { type: 'string', format: 'uuid' },
  },
} as const;

const REPLAYED_HEADER = {
  'Idempotency-Replayed': {
    description: '`true` when this is the answer to an earlier request with the same key.',
    schema: { type: 'string', example: 'true' },
  },
} as const;

/** Headers of every answer to a patch that got past the checks. */
export const OPERATION_HEADERS = { ...REQUEST_ID_HEADER, ...OPERATION_ID, ...REPLAYED_HEADER } as const;

const RETRY_AFTER = { description: 'Whole seconds.', schema: { type: 'integer' } } as const;
const OPERATION_LOCATION = {
  description: 'Where to see how it ended, when the outcome is not known.',
  schema: { type: 'string' },
} as const;

/** Documents the problems that a route answers, grouped by status as OpenAPI wants them. */
export function ApiProblems(...slugs: readonly ProblemSlug[]): MethodDecorator {
  return documentProblems(slugs, () => ({}));
}

/** The same of a patch: most of its problems name an operation, and may be replays. */
export function ApiPatchProblems(...slugs: readonly ProblemSlug[]): MethodDecorator {
  return documentProblems(slugs, (group) => ({
    ...(group.some((slug) => !NO_OPERATION.has(slug)) ? { ...OPERATION_ID, ...REPLAYED_HEADER } : {}),
    ...(group.some((slug) => UNKNOWN_OUTCOME.has(slug)) ? { Location: OPERATION_LOCATION } : {}),
  }));
}

type HeaderDocs = Readonly<
  Record<string, { readonly description?: string; readonly schema: { readonly type: string } }>
>;

function documentProblems(
  slugs: readonly ProblemSlug[],
  headersOf: (group: readonly ProblemSlug[]) => HeaderDocs,
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
    'The billing API could not be reached; nothing was changed.',
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

/** What can come of any request that needs a token and a tenant. */
export const CALLER_PROBLEMS: readonly ProblemSlug[] = [
  'unauthenticated',
  'insufficient-scope',
  'tenant-forbidden',
  'tenant-unknown',
  'tenant-suspended',
  'validation-failed',
  'rate-limited',
  'internal',
  'audit-unavailable',
  'identity-provider-unavailable',
];

/** What ends a patch before it has an operation. */
const NO_OPERATION: ReadonlySet<ProblemSlug> = new Set([
  ...CALLER_PROBLEMS,
  ...(['malformed-json', 'validation-failed', 'payload-too-large', 'unsupported-media-type'] as const),
  'request-timeout',
  ...(['idempotency-in-flight', 'idempotency-key-reused'] as const),
]);

const UNKNOWN_OUTCOME: ReadonlySet<ProblemSlug> = new Set([
  'billing-failed',
  'billing-timeout',
  'billing-unavailable',
]);

function groupByStatus(slugs: readonly ProblemSlug[]): Map<number, ProblemSlug[]> {
  const groups = new Map<number, ProblemSlug[]>();
  for (const slug of new Set(slugs)) {
    const status = PROBLEMS[slug][0];
    groups.set(status, [...(groups.get(status) ?? []), slug]);
  }
  return groups;
}

/** The request headers that every route behind a token understands. */
export function ApiRequestHeaders(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'X-Tenant-Id',
      required: false,
      description: 'The tenant to act for; another one than the token names needs the scope tenants:any.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
    }),
    ApiHeader({
      name: 'X-Request-Id',
      required: false,
      description: 'Adopted if it is 1 to 128 of A-Z a-z 0-9 . _ -, else replaced.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
    }),
    ApiHeader({
      name: 'traceparent',
      required: false,
      description: 'W3C Trace Context; passed on as the same trace.',
      schema: { type: 'string' },
    }),
  );
}
