/** Every type of problem: its status, the billing API's code for it, and its title. One row for each slug. */
export const PROBLEMS = {
  'malformed-json': [400, 'BAD_REQUEST', 'The body is not JSON'],
  'validation-failed': [400, 'BAD_REQUEST', 'The request is not valid'],
  'rejected-by-billing': [400, 'BAD_REQUEST', 'The billing API rejected the change'],
  unauthenticated: [401, 'UNAUTHORIZED', 'A valid access token is required'],
  'insufficient-scope': [403, 'FORBIDDEN', 'The access token lacks a scope'],
  'field-forbidden': [403, 'FORBIDDEN', 'The access token does not allow these fields'],
  'tenant-forbidden': [403, 'FORBIDDEN', 'The access token does not allow this tenant'],
  'tenant-unknown': [403, 'FORBIDDEN', 'The tenant is unknown'],
  'tenant-suspended': [403, 'FORBIDDEN', 'The tenant is suspended'],
  'not-found': [404, 'NOT_FOUND', 'Not found'],
  'customer-not-found': [404, 'NOT_FOUND', 'The customer does not exist'],
  'method-not-allowed': [405, 'BAD_REQUEST', 'The method is not allowed here'],
  conflict: [409, 'CONFLICT', 'The change conflicts with another customer'],
  'not-sealed': [409, 'CONFLICT', 'The event is not in the log yet'],
  'tokens-would-retire': [409, 'CONFLICT', 'The change would retire the tokens of the tenant'],
  'idempotency-in-flight': [409, 'CONFLICT', 'A request with this idempotency key is still running'],
  'precondition-failed': [412, 'CONFLICT', 'The customer is not in the expected state'],
  'request-timeout': [408, 'BAD_REQUEST', 'The request did not arrive in time'],
  'payload-too-large': [413, 'BAD_REQUEST', 'The body is too large'],
  'unsupported-media-type': [415, 'BAD_REQUEST', 'The media type is not supported'],
  'idempotency-key-reused': [422, 'BAD_REQUEST', 'The idempotency key was used for another request'],
  'rate-limited': [429, 'TOO_MANY_REQUESTS', 'The caller sends too many requests'],
  'rate-limited-by-billing': [429, 'TOO_MANY_REQUESTS', 'The billing API asks to slow down'],
  internal: [500, 'INTERNAL_SERVER_ERROR', 'Something went wrong'],
  'billing-credentials-rejected': [502, 'INTERNAL_SERVER_ERROR', 'The billing API rejected our credentials'],
  'billing-unreachable': [502, 'INTERNAL_SERVER_ERROR', 'The billing API could not be reached'],
  'billing-failed': [502, 'INTERNAL_SERVER_ERROR', 'The billing API failed'],
  'billing-unavailable': [503, 'INTERNAL_SERVER_ERROR', 'The billing API accepts no requests at the moment'],
  'audit-unavailable': [503, 'INTERNAL_SERVER_ERROR', 'The audit trail cannot be written'],
  'identity-provider-unavailable': [503, 'INTERNAL_SERVER_ERROR', 'Access tokens cannot be checked'],
  'billing-timeout': [504, 'INTERNAL_SERVER_ERROR', 'The billing API did not answer in time'],
} as const satisfies Record<string, readonly [status: number, code: string, title: string]>;

export type ProblemSlug = keyof typeof PROBLEMS;

/** One fault of a request and its place. `code` is stable kebab-case. */
export type Fault = FaultPlace & { readonly code: FaultCode; readonly detail: string };

/** The codes of faults. */
export const FAULT_CODES = [
  'required',
  'null',
  'empty',
  'unknown-field',
  'invalid',
  'not-object',
  'not-list',
  'not-text',
  'not-boolean',
  'not-decimal',
  'not-timestamp',
  'too-short',
  'too-long',
  'too-many',
  'out-of-range',
  'not-allowed',
  'forbidden',
  'needs-customer',
  'retired',
  'lone-surrogate',
  'control-character',
  'bidi-control',
  'invisible-character',
  'blank',
  'not-addressable',
  'not-email',
  'not-phone',
  'not-currency',
  'not-country',
  'not-vat-number',
  'not-invoicing-entity-id',
  'not-customer-id',
  'not-tenant-id',
  'not-token',
  'not-field',
  'not-cursor',
  'not-tile',
  'not-entity-tags',
  'not-idempotency-key',
  'repeated',
  'not-host',
  'not-chunked',
  'changed',
  'conflict',
  'rejected',
] as const;

export type FaultCode = (typeof FAULT_CODES)[number];

/** Maximum number of faults in one problem. */
export const MAX_FAULTS = 100;

export type FaultPlace =
  /** In the body: an RFC 6901 pointer as a URI fragment. */
  | { readonly pointer: string }
  /** In the query or the path: the documented name of the parameter. */
  | { readonly parameter: string }
  /** In a header: its name. */
  | { readonly header: string };

export interface ProblemOptions {
  readonly errors?: readonly Fault[];
  readonly operationId?: string;
  /** The outcome of the patch, as in an operation's status. */
  readonly outcome?: string;
  /** Whole seconds, for the `Retry-After` header. */
  readonly retryAfterS?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Only for the log: the reason, without any value. */
  readonly reason?: string;
  readonly cause?: unknown;
}

/** The only error that becomes an answer. `detail` is for the caller: no secret, no personal data, no host name. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;

  constructor(
    readonly slug: ProblemSlug,
    readonly detail: string,
    readonly options: ProblemOptions = {},
  ) {
    super(slug, { cause: options.cause });
    this.status = PROBLEMS[slug][0];
  }

  /** The body of the answer: RFC 9457, with the `code` and `message` that the billing API's own clients read. */
  toBody(requestId: string): ProblemBody {
    const [status, code, title] = PROBLEMS[this.slug];
    const { operationId, outcome, errors } = this.options;
    return {
      type: `urn:billing-bff:problem:${this.slug}`,
      title,
      status,
      detail: this.detail,
      instance: `urn:billing-bff:request:${requestId}`,
      code,
      message: this.detail,
      request_id: requestId,
      ...(operationId === undefined ? {} : { operation_id: operationId }),
      ...(outcome === undefined ? {} : { outcome }),
      ...(errors === undefined ? {} : { errors: errors.slice(0, MAX_FAULTS) }),
      ...(errors === undefined || errors.length <= MAX_FAULTS ? {} : { errors_truncated: true }),
    };
  }
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly message: string;
  readonly request_id: string;
  readonly operation_id?: string;
  readonly outcome?: string;
  readonly errors?: readonly Fault[];
  /** True if there are more faults. */
  readonly errors_truncated?: boolean;
}

/** `validation-failed` with every fault. */
export function validationFailed(
  errors: readonly [Fault, ...Fault[]],
  headers: Readonly<Record<string, string>> = {},
): Problem {
  return new Problem('validation-failed', summaryOf(errors), { errors, headers });
}

/** The first fault and the number of others: the detail for clients that show nothing else. */
export function summaryOf([first, ...others]: readonly [Fault, ...Fault[]]): string {
  const count = others.length < MAX_FAULTS ? String(others.length) : `at least ${MAX_FAULTS}`;
  const more = others.length === 0 ? '' : `; and ${count} more fault${others.length === 1 ? '' : 's'}`;
  return `${placeOf(first)} ${first.detail}${more}.`;
}

/** @throws Problem validation-failed, if there is any fault */
export function refuseFaults([first, ...others]: readonly Fault[]): void {
  if (first !== undefined) throw validationFailed([first, ...others]);
}

function placeOf(fault: FaultPlace): string {
  const [place, nameless] =
    'pointer' in fault
      ? [fault.pointer.slice(1), 'The body']
      : ['header' in fault ? fault.header : fault.parameter, 'What has no name'];
  return place === '' ? nameless : cut(place);
}

/** A caller may send names of any length. */
const MAX_NAME_LENGTH = 100;

function cut(name: string): string {
  return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name;
}

/**
 * Any path below the document's root as a URI fragment (RFC 6901, section 6). A name that is longer than every
 * documented one is cut.
 */
export function pointerTo(...path: readonly (string | number)[]): string {
  return ['#', ...path.map((step) => encodeStep(String(step)))].join('/');
}

function encodeStep(step: string): string {
  const escaped = cut(step).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');
  return encodeURI(escaped).replaceAll('#', '%23');
}
