import { type Fault, Problem, type ProblemBody, type ProblemSlug, summaryOf } from './problem.js';

/** The words of an example, as the service says them. */
interface Example {
  readonly detail?: string;
  readonly errors?: readonly [Fault, ...Fault[]];
  /** What is different for a patch that got past the checks. */
  readonly ofPatch?: {
    readonly outcome: 'rejected' | 'not_applied' | 'unknown';
    /** What follows on `detail`, or stands instead of it. */
    readonly meaning?: string;
    readonly detail?: string;
    readonly errors?: readonly [Fault, ...Fault[]];
  };
}

const ID = '01993f2e-8a1b-7c3d-9e4f-5a6b7c8d9e0f';

/** What a problem answers: in a patch and its preview it is about an operation; a preview sends nothing. */
export type Answered = 'patch' | 'preview' | 'other';

/** A problem as the service answers it. */
export function exampleOf(slug: ProblemSlug, answered: Answered): ProblemBody {
  const { detail, errors, ofPatch }: Example = EXAMPLES[slug];
  if (answered === 'other' || ofPatch === undefined) {
    const words = detail ?? (errors === undefined ? '' : summaryOf(errors));
    return new Problem(slug, words, errors === undefined ? {} : { errors }).toBody(ID);
  }
  const { outcome, meaning } =
    answered === 'preview' && ofPatch.outcome === 'unknown' ? NOTHING_SENT : ofPatch;
  const words = [ofPatch.detail ?? detail, meaning].filter((text) => text !== undefined).join(' ');
  return new Problem(slug, words, {
    operationId: ID,
    outcome,
    ...(ofPatch.errors === undefined ? {} : { errors: ofPatch.errors }),
  }).toBody(ID);
}

const NOTHING_SENT = { outcome: 'not_applied', meaning: 'Nothing was sent.' } as const;
const NOTHING_CHANGED = { outcome: 'not_applied', meaning: 'Nothing was changed.' } as const;
const UNKNOWN = { outcome: 'unknown', meaning: 'It is not known whether the change was applied.' } as const;

/** An example of each problem. test/problems-table.e2e-spec.ts compares them with what the service answers. */
const EXAMPLES = {
  'malformed-json': { detail: 'The body is not well-formed JSON.' },
  'validation-failed': {
    errors: [
      {
        pointer: '#/billing_address/country',
        code: 'not-country',
        detail: 'must be an ISO 3166-1 alpha-2 code in upper case, or XK',
      },
    ],
  },
  'rejected-by-billing': {
    detail: 'The page is out of range.',
    ofPatch: {
      outcome: 'rejected',
      detail: 'Currency CHF is not enabled.',
      errors: [{ pointer: '#/currency', code: 'rejected', detail: 'was refused by the billing API' }],
    },
  },
  unauthenticated: { detail: 'The access token is not valid.' },
  'insufficient-scope': { detail: 'This needs the scope audit:read.' },
  'field-forbidden': {
    errors: [
      {
        pointer: '#/name',
        code: 'forbidden',
        detail: 'needs the scope customers:write or customers:write:contact',
      },
    ],
  },
  'tenant-forbidden': { detail: 'X-Tenant-Id needs the scope tenants:any.' },
  'tenant-unknown': { detail: 'There is no tenant with this id.' },
  'tenant-suspended': { detail: 'The tenant is suspended.' },
  'not-found': { detail: 'There is no resource at this path.' },
  'customer-not-found': {
    detail: 'The billing API has no customer with this id or alias.',
    ofPatch: { outcome: 'rejected' },
  },
  'method-not-allowed': { detail: 'This path supports only PATCH, GET, HEAD.' },
  conflict: {
    ofPatch: {
      outcome: 'rejected',
      detail: 'A customer with this alias already exists.',
      errors: [{ pointer: '#/alias', code: 'conflict', detail: 'was refused by the billing API' }],
    },
  },
  'not-sealed': { detail: 'The event is not in the log yet. Try again in a second.' },
  'tokens-would-retire': {
    detail:
      'The change moves the tenant to another origin, which retires its tokens permanently. Send it with ' +
      '?retire_tokens=true, and put a new token afterwards. Nothing was changed.',
  },
  'idempotency-in-flight': { detail: 'A request with this idempotency key is still running.' },
  'precondition-failed': {
    ofPatch: {
      outcome: 'rejected',
      detail: 'The customer does not have the state that If-Match requires. Nothing was sent.',
      errors: [{ pointer: '#/phone', code: 'changed', detail: 'has changed since the customer was read' }],
    },
  },
  'request-timeout': { detail: 'The body did not arrive in time.' },
  'payload-too-large': { detail: 'The body may have at most 65536 bytes.' },
  'unsupported-media-type': { detail: 'Send Content-Type: application/json in UTF-8.' },
  'idempotency-key-reused': { detail: 'This idempotency key was used for another request.' },
  'rate-limited': { detail: 'This caller may send 600 requests a minute.' },
  'rate-limited-by-billing': {
    detail: 'The billing API accepts no more requests for now.',
    ofPatch: NOTHING_CHANGED,
  },
  internal: { detail: 'An unexpected error occurred. Report the request id to the operators.' },
  'billing-credentials-rejected': {
    detail: 'The tenant has no token that the billing API accepts.',
    ofPatch: NOTHING_CHANGED,
  },
  'billing-unreachable': { detail: 'The billing API could not be reached.', ofPatch: NOTHING_CHANGED },
  'billing-failed': { detail: "The billing API's answer is not usable.", ofPatch: UNKNOWN },
  'billing-unavailable': {
    detail: 'The billing API accepts no requests at the moment.',
    ofPatch: NOTHING_SENT,
  },
  'audit-unavailable': {
    detail: 'The audit trail cannot be read at the moment.',
    ofPatch: {
      outcome: 'not_applied',
      detail: 'The change was not sent, because it cannot be recorded at the moment.',
    },
  },
  'identity-provider-unavailable': {
    detail: 'The keys that access tokens are checked with cannot be loaded.',
  },
  'billing-timeout': { detail: 'The billing API did not answer in time.', ofPatch: UNKNOWN },
} as const satisfies Record<ProblemSlug, Example>;
