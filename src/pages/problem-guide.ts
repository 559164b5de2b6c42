import type { ProblemSlug } from '../http/problem.js';

/** What the page of a problem says. Code stands in backquotes. */
export interface ProblemGuide {
  readonly happened: string;
  /** Whether anything was changed at the billing API. */
  readonly changed: string;
  /** What the caller can do, the first thing first. */
  readonly todo: readonly [string, ...string[]];
}

const NOTHING_SENT = 'No. Nothing was sent to the billing API.';
const WAIT_AND_REPEAT = 'Wait for the seconds in `Retry-After`, then send the same request again.';
const SAME_KEY =
  'Send a patch again with the same `Idempotency-Key`: if the first one went through after all, you get its answer.';
const LOOK_AT_OPERATION =
  'If `outcome` is `unknown`: do not send the patch again. `GET` the URL in `Location` with `?wait=30`; it answers as soon as ' +
  'the service knows.';

/** What each problem means for a caller. A problem without a guide does not compile. */
export const PROBLEM_GUIDES: Readonly<Record<ProblemSlug, ProblemGuide>> = {
  'malformed-json': {
    happened: 'The body is not well-formed JSON in UTF-8, or it ended before it was complete.',
    changed: NOTHING_SENT,
    todo: [
      'Write the body with a JSON serialiser, in UTF-8.',
      'Check that `Content-Length` is the number of bytes, not of characters.',
    ],
  },
  'validation-failed': {
    happened:
      'Something in the request is not accepted. `errors` has every fault: `pointer` names the part of the body, ' +
      '`parameter` the query or path parameter, `header` the header.',
    changed: NOTHING_SENT,
    todo: [
      'Show each `detail` next to the field that its `pointer` names; `code` is stable, for your own texts.',
      'If `errors_truncated` is true, there are more faults than the 100 shown.',
    ],
  },
  'rejected-by-billing': {
    happened: 'The billing API refused the request (400 or 422). `detail` begins with its own words.',
    changed: 'No. The billing API refused the whole patch.',
    todo: [
      'Correct the value. With one changed field, `errors` names it; with several, send them one at a time to find it.',
      'The same request will be refused again.',
    ],
  },
  unauthenticated: {
    happened:
      'The access token is missing, expired, or not one that this service accepts: wrong issuer, audience or signature.',
    changed: NOTHING_SENT,
    todo: [
      'Get a new access token and send the request again.',
      'If a new token is refused, too, give the `request_id` to the operators: the log says which claim is at fault.',
    ],
  },
  'insufficient-scope': {
    happened: 'The access token is valid but has none of the scopes that the route needs.',
    changed: NOTHING_SENT,
    todo: [
      'Ask for a token with a scope that `WWW-Authenticate` names. The same token will be refused again.',
    ],
  },
  'field-forbidden': {
    happened:
      'The patch has fields that the token may not write. `errors` names each of them, with the scopes that allow it.',
    changed: 'No. Fields that the token may write were not sent either.',
    todo: ['Leave the forbidden fields out, or use a token with the scope that the fault names.'],
  },
  'tenant-forbidden': {
    happened:
      'The token names no tenant that can be used, or `X-Tenant-Id` names another one than the token does.',
    changed: NOTHING_SENT,
    todo: [
      'Leave `X-Tenant-Id` out: the tenant in the token is used.',
      'To act for other tenants, use a token with the scope `tenants:any`.',
      'If the token should name a tenant, `detail` says what is wrong with its claim.',
    ],
  },
  'tenant-unknown': {
    happened: 'The tenant that the token or `X-Tenant-Id` names does not exist here.',
    changed: NOTHING_SENT,
    todo: [
      'Check the name of the tenant.',
      'Ask the operators to add the tenant, with its token for the billing API.',
    ],
  },
  'tenant-suspended': {
    happened:
      'The tenant is suspended: its requests are refused. Its audit trail can still be read, and personal data erased.',
    changed: NOTHING_SENT,
    todo: ['Ask the operators why. Sending the request again does not help.'],
  },
  'not-found': {
    happened: 'There is no such resource: the path is unknown, or the id belongs to nothing of this tenant.',
    changed: NOTHING_SENT,
    todo: [
      'Compare the path with the list of routes in [Swagger UI](/docs).',
      'Check the id and the tenant.',
    ],
  },
  'customer-not-found': {
    happened: 'The billing API has no customer with this id or alias, for this tenant.',
    changed: 'No. There is nothing to change.',
    todo: [
      'If you used an alias, it may have changed: look for the customer in the list, and use its id from then on.',
      'Check that the token is for the right tenant.',
    ],
  },
  'method-not-allowed': {
    happened: 'The path exists, but not with this method.',
    changed: NOTHING_SENT,
    todo: ['Use one of the methods in `Allow`.'],
  },
  conflict: {
    happened:
      'The billing API refused the patch because of another customer, for example one that has the alias already.',
    changed: 'No. The billing API refused the whole patch.',
    todo: ['Choose another value. With one changed field, `errors` names it.'],
  },
  'not-sealed': {
    happened: 'The event is stored, but not in the log yet. That takes about a second.',
    changed: 'This request changes nothing. The event itself is recorded.',
    todo: [WAIT_AND_REPEAT],
  },
  'tokens-would-retire': {
    happened:
      'The change moves the tenant to another origin of the billing API. Its tokens belong to the old one and would be ' +
      'retired, permanently.',
    changed: 'No. The tenant is as it was.',
    todo: [
      'If that is what you want, send the request again with `?retire_tokens=true`, then put a new token.',
      'Otherwise leave `billing_api_url` as it is.',
    ],
  },
  'idempotency-in-flight': {
    happened: 'A request with this `Idempotency-Key` is still running.',
    changed: 'By the first request, perhaps. This one sent nothing.',
    todo: [`${WAIT_AND_REPEAT} You get the answer of the first one.`],
  },
  'precondition-failed': {
    happened:
      'The customer is not in the state that `If-Match` names: somebody changed it since you read it. `errors` names the ' +
      'fields that moved, without their values.',
    changed: NOTHING_SENT,
    todo: [
      'Read the customer again (or preview the patch: that gives the new tag, too), show what has changed, and let the user decide.',
      'Then send the patch with the new `ETag` in `If-Match`.',
      'If `detail` speaks of a proxy, let it pass `ETag` unchanged: no compression of these answers.',
    ],
  },
  'request-timeout': {
    happened: 'The request did not arrive in time. The connection is closed.',
    changed: NOTHING_SENT,
    todo: [
      'Send it again, on a new connection.',
      'If it happens often, look at the network and at proxies in between.',
    ],
  },
  'payload-too-large': {
    happened: 'The body is larger than this service accepts; `detail` has the limit.',
    changed: NOTHING_SENT,
    todo: ['Send only the fields that change.'],
  },
  'unsupported-media-type': {
    happened: 'The body has a media type, character set or coding that is not supported.',
    changed: NOTHING_SENT,
    todo: ['Send `Content-Type: application/json`, in UTF-8, without `Content-Encoding`.'],
  },
  'idempotency-key-reused': {
    happened: 'This `Idempotency-Key` belongs to another request: another path, body or `If-Match`.',
    changed: 'Not by this request. What the first one did is in the audit trail.',
    todo: ['Make a new key for each new patch. Keep it only for repeating the same one.'],
  },
  'rate-limited': {
    happened: 'You sent more requests in a minute, or at a time, than this service allows one caller.',
    changed: NOTHING_SENT,
    todo: [WAIT_AND_REPEAT, '`RateLimit` tells with each answer how many requests are left.'],
  },
  'rate-limited-by-billing': {
    happened: 'The billing API accepts no more requests of this tenant for now.',
    changed: 'No. The patch was not applied.',
    todo: [WAIT_AND_REPEAT],
  },
  internal: {
    happened: 'Something went wrong in this service. It is a bug.',
    changed: 'Not known. The audit trail says what was sent.',
    todo: [
      'Give the `request_id` to the operators.',
      'If there is an `X-Operation-Id`, `GET /api/v1/operations/{id}` tells how the patch ended.',
      SAME_KEY,
    ],
  },
  'billing-credentials-rejected': {
    happened:
      "The billing API does not accept the tenant's token, or the tenant has none. It is about this service's token, not about yours.",
    changed: 'No. The patch was not applied.',
    todo: [
      'Tell the operators: they have to put a new token for the tenant. Afterwards the same request works.',
    ],
  },
  'billing-unreachable': {
    happened: 'No connection to the billing API could be made, in several tries.',
    changed: 'No. The billing API never received the patch.',
    todo: ['Send the request again in a moment.', SAME_KEY],
  },
  'billing-failed': {
    happened:
      'The billing API failed (5xx), broke the connection or answered something unreadable, and reading the customer again ' +
      'did not prove that the patch was applied.',
    changed:
      '`outcome` says it: `not_applied` means no, and that is proven. `unknown` means that nobody can say yet.',
    todo: [
      LOOK_AT_OPERATION,
      'If it is `not_applied`, or there is no `outcome` because you were reading: send the request again.',
    ],
  },
  'billing-unavailable': {
    happened:
      'The billing API asked to come back later, or it failed so often that this service gives it a rest, or too many requests ' +
      'wait for it.',
    changed: '`outcome` says it: `not_applied` means no. `unknown` means that nobody can say yet.',
    todo: [
      LOOK_AT_OPERATION,
      `Otherwise: ${WAIT_AND_REPEAT.charAt(0).toLowerCase()}${WAIT_AND_REPEAT.slice(1)}`,
    ],
  },
  'audit-unavailable': {
    happened: 'The audit trail cannot be written or read at the moment. Without a record no change is sent.',
    changed: NOTHING_SENT,
    todo: [WAIT_AND_REPEAT],
  },
  'identity-provider-unavailable': {
    happened:
      'The key that signed your token is not known here, and the identity provider cannot be asked for it.',
    changed: NOTHING_SENT,
    todo: [WAIT_AND_REPEAT],
  },
  'billing-timeout': {
    happened:
      'The billing API did not answer in time, and reading the customer again did not prove anything.',
    changed:
      '`outcome` says it. `unknown` means that the patch may have been applied, or may be applied any moment. Nobody can say yet.',
    todo: [
      LOOK_AT_OPERATION,
      'Show the user that the change is being checked, not that it failed.',
      'If there is no `outcome`, you were reading: send the request again.',
    ],
  },
};
