import { type BillingAnswer, failure, json, plain } from './billing-answers.js';
import type { Outcome } from './billing-api.js';
import { customerAnswer, newCustomer, type StoredCustomer } from './billing-customer.js';
import type { Behaviour, Scenario, Turn } from './scenario.js';

const ownFailure = (): BillingAnswer => failure('INTERNAL_SERVER_ERROR', 'Internal server error');
const withRetryAfter = (answer: BillingAnswer, seconds: number): BillingAnswer => ({
  ...answer,
  headers: { ...answer.headers, 'retry-after': String(seconds) },
});
const tooMany = (): BillingAnswer => failure('TOO_MANY_REQUESTS', 'Too many requests');
const unavailable = (): BillingAnswer => plain(503, 'Service Unavailable');
const page = (status: number, title: string): BillingAnswer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html><h1>${title}</h1></html>`,
});
/** Takes the patch, but stores another name than was asked for. */
function storing(nameFor: (asked: string, before: StoredCustomer) => string): Behaviour {
  return ({ asked, customer, serve, changeElsewhere }) => {
    const answer = serve();
    if (answer.status !== 200 || typeof asked.name !== 'string') return answer;
    return json(200, customerAnswer(changeElsewhere({ name: nameFor(asked.name, customer) })));
  };
}
const applied =
  (then: (turn: Turn) => Outcome): Behaviour =>
  (turn) => {
    turn.serve();
    return then(turn);
  };

/** Milliseconds for which reads fail after a PATCH of `maintenance-unclear`. */
const READS_FAIL_FOR_MS = 3_000;

/** Each row of docs/reference/outcomes.md that depends on the billing API, in its order. */
export const SCENARIOS: readonly Scenario[] = [
  {
    alias: 'slow',
    does: 'answers slowly, but in time',
    answer: '200 after a while',
    patch: async ({ pause, slowMs, serve }) => {
      await pause(slowMs);
      return serve();
    },
  },
  {
    alias: 'value-refused',
    does: 'refuses the value (400)',
    answer: '400 rejected-by-billing',
    patch: () => failure('BAD_REQUEST', 'The value is not allowed for this customer'),
  },
  {
    alias: 'value-unreadable',
    does: 'cannot read the body (422, in plain text)',
    answer: '400 rejected-by-billing',
    patch: () => plain(422, 'Failed to deserialize the JSON body into the target type'),
  },
  {
    alias: 'alias-taken',
    does: 'says that another customer has the alias (409)',
    answer: '409 conflict',
    patch: () => failure('CONFLICT', 'A customer with this alias already exists'),
  },
  {
    alias: 'gone',
    does: 'does not find the customer that it has just answered (404)',
    answer: '404 customer-not-found',
    patch: () => failure('NOT_FOUND', 'Customer not found'),
  },
  {
    alias: 'read-fails',
    does: 'fails to read the customer, but takes the patch',
    answer: '200 (502 with If-Match)',
    read: ownFailure,
  },
  {
    alias: 'token-forbidden',
    does: 'refuses the token for this customer (403)',
    answer: '502 billing-credentials-rejected',
    patch: () => failure('FORBIDDEN', 'Forbidden'),
  },
  {
    alias: 'token-rotated',
    does: 'refuses the token (401) just when a newer one is put',
    answer: '200 with the newer token',
    patch: async ({ firstTry, rotateToken, serve }) => {
      if (!firstTry) return serve();
      await rotateToken();
      return failure('UNAUTHORIZED', 'Invalid API token');
    },
  },
  {
    alias: 'busy-then-fine',
    does: 'answers 429 with Retry-After: 1, then takes the patch',
    answer: '200 after a second',
    patch: ({ firstTry, serve }) => (firstTry ? withRetryAfter(tooMany(), 1) : serve()),
  },
  {
    alias: 'unavailable-then-fine',
    does: 'answers 503 with Retry-After: 1, then takes the patch',
    answer: '200 after a second',
    patch: ({ firstTry, serve }) => (firstTry ? withRetryAfter(unavailable(), 1) : serve()),
  },
  {
    alias: 'unavailable-but-applied',
    does: 'answers 503 with Retry-After: 1, which lies: it was applied',
    answer: '200, one PATCH only',
    patch: applied(() => withRetryAfter(unavailable(), 1)),
  },
  {
    alias: 'busy',
    does: 'answers 429 with Retry-After: 60',
    answer: '429 rate-limited-by-billing',
    patch: () => withRetryAfter(tooMany(), 60),
  },
  {
    alias: 'maintenance',
    does: 'answers 503 with Retry-After: 120, and has not applied it',
    answer: '503 billing-unavailable, not_applied',
    patch: () => withRetryAfter(unavailable(), 120),
  },
  {
    alias: 'maintenance-unclear',
    does: 'answers 503 with Retry-After: 120, but applied it; reads fail for 3 s',
    answer: '503 billing-unavailable, unknown; then applied',
    patch: applied(() => withRetryAfter(unavailable(), 120)),
    read: ({ sincePatch, serve }) => (sincePatch < READS_FAIL_FOR_MS ? ownFailure() : serve()),
  },
  {
    alias: 'gateway-404',
    does: 'is not reached: a gateway answers 404 with a page',
    answer: '502 billing-failed, not_applied',
    patch: () => page(404, 'Not Found'),
  },
  {
    alias: 'late-but-applied',
    does: 'answers too late, but applied it',
    answer: '200: a read proves it',
    patch: async ({ pause, tooLateMs, serve }) => {
      const answer = serve();
      await pause(tooLateMs);
      return answer;
    },
  },
  {
    alias: 'failed-but-applied',
    does: 'answers 500, but applied it',
    answer: '200: a read proves it',
    patch: applied(ownFailure),
  },
  {
    alias: 'reset-but-applied',
    does: 'breaks the connection, but applied it',
    answer: '200: a read proves it',
    patch: applied(() => 'reset'),
  },
  {
    alias: 'unreadable-but-applied',
    does: 'answers 200 with a web page, but applied it',
    answer: '200: a read proves it',
    patch: applied(() => page(200, 'Welcome')),
  },
  {
    alias: 'failed',
    does: 'answers 500 in its own JSON, and has not applied it',
    answer: '502 billing-failed, not_applied',
    patch: ownFailure,
  },
  {
    alias: 'applied-later',
    does: 'does not answer in time, and applies it a moment later',
    answer: '504 billing-timeout, unknown; then applied',
    patch: async ({ pause, tooLateMs, serve }) => {
      await pause(tooLateMs);
      return serve();
    },
  },
  {
    alias: 'late-not-applied',
    does: 'does not answer in time, and never applies it',
    answer: '504 billing-timeout, unknown; not_applied after ten minutes',
    patch: () => 'hang',
  },
  {
    alias: 'never-known',
    does: 'breaks the connection, and somebody else changes the name',
    answer: '502 billing-failed, unknown; unverifiable after ten minutes',
    patch: ({ changeElsewhere, customer }) => {
      changeElsewhere({ name: other(customer.name, ['Renamed by somebody else', 'Renamed once more']) });
      return 'reset';
    },
  },
  {
    alias: 'changed-meanwhile',
    does: 'lets somebody else change the phone number after every read',
    answer: '412 precondition-failed with If-Match',
    read: ({ serve, changeElsewhere, customer }) => {
      const answer = serve();
      changeElsewhere({ phone: other(customer.phone, PHONES) });
      return answer;
    },
  },
  {
    alias: 'raced',
    does: 'lets somebody else change the phone number just before the patch',
    answer: '200; raced if the patch asks for the phone number just read',
    patch: ({ asked, serve, changeElsewhere, customer }) => {
      if (asked.phone === undefined) changeElsewhere({ phone: other(customer.phone, PHONES) });
      return serve();
    },
  },
  {
    alias: 'ignored-field',
    does: 'answers 200, but keeps the old name',
    answer: '200; the name is ignored',
    patch: storing((_, { name }) => name),
  },
  {
    alias: 'normalised-value',
    does: 'answers 200, but stores the name in capital letters',
    answer: '200; the name is normalised',
    patch: storing((asked) => asked.toUpperCase()),
  },
];

const PHONES = ['+49 30 5550 2001', '+49 30 5550 2002'] as const;

/** The first of two values, or the second if the first is there. */
function other(current: string | null, [first, second]: readonly [string, string]): string {
  return current === first ? second : first;
}

/** The customer of a scenario. Its id is the alias in camel case (`cus_LateButApplied`), and never changes. */
export function scenarioCustomer({ alias }: Scenario, invoicingEntityId: string): StoredCustomer {
  const words = alias.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return newCustomer({
    id: `cus_${words.join('')}`,
    name: words.join(' '),
    alias,
    billing_email: `billing@${alias}.test`,
    phone: PHONES[0],
    billing_address: { line1: 'Musterweg 1', city: 'Berlin', country: 'DE' },
    currency: 'EUR',
    invoicing_entity_id: invoicingEntityId,
  });
}
