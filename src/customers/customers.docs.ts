import { CALLER_PROBLEMS } from '../auth/caller.docs.js';
import { REQUEST_ID_HEADER } from '../http/api-docs.js';
import type { ProblemSlug } from '../http/problem.js';
import { ADDRESSABLE_PATTERN } from './dto/alias.js';
import { OPERATION_HEADERS } from './patch-problems.docs.js';

/** What the OpenAPI document says of customers, apart from their shapes. */
export const PATCH = {
  operationId: 'patchCustomer',
  summary: 'Patch a customer',
  description:
    'Updates the fields that the body names, and no other. The customer is read first: what already holds is not ' +
    'sent, and a patch that changes nothing is answered from that read. The change is recorded before it is sent, ' +
    'and how it ended before you are answered. After an answer that leaves that open the customer is read again: ' +
    'a patch whose state is there is answered 200, which proves the state, not who wrote it. ' +
    'Addresses and lists are replaced as a whole, so this is no merge patch; null is refused.',
};

export const GET = {
  operationId: 'getCustomer',
  summary: 'Get a customer',
  description:
    'The customer as the billing API has it, with a tag for `If-Match`. `is_tax_exempt` can be written but not ' +
    'read, so it is neither shown nor covered by the tag.',
};

export const LIST = {
  operationId: 'listCustomers',
  summary: 'List and search customers',
  description:
    "The billing API's own list, one page at a time. Every page is read anew, so customers that are added or changed " +
    'in between can move from one page to another. There is no tag: read a customer by its id to get one.',
};

export const ID_OR_ALIAS = {
  name: 'id_or_alias',
  description:
    "The customer's id (`cus_…`) or alias, percent-encoded: 1 to 255 characters once decoded, without white space, " +
    'slashes, backslashes or invisible characters.',
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: 255,
    pattern: ADDRESSABLE_PATTERN,
    example: 'cus_7n42DGM5Tflk9n8mt7Fhc7',
  },
} as const;

export const DRY_RUN = {
  name: 'dry_run',
  required: false,
  description:
    'With `true` nothing is sent: the answer says what would change, and what to think twice about.',
  schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
} as const;

/** Without an example: Swagger UI would send it with every patch. */
export const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'Yours to make up, one for each patch that you mean. The same request with the same key gets the same answer ' +
    'for 24 hours and sends nothing again; after a failure that changed nothing it may be used again.',
  schema: {
    type: 'string',
    pattern: '^[\\x21-\\x7e]{1,255}$',
  },
} as const;

export const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description:
    'Patches only while the customer has one of these tags; `*` while it exists. Patches with it wait for each ' +
    'other; somebody who writes without it is noticed, not prevented.',
  schema: { type: 'string' },
} as const;

export const CUSTOMER_HEADERS = {
  ...REQUEST_ID_HEADER,
  ETag: {
    description: 'Strong and opaque; covers every field but `is_tax_exempt`.',
    schema: { type: 'string' },
  },
  'Content-Location': {
    description: 'The customer by its id, which stays when the alias changes.',
    schema: { type: 'string' },
  },
} as const;

export const PATCHED_HEADERS = {
  ...OPERATION_HEADERS,
  ...CUSTOMER_HEADERS,
} as const;

const BILLING_PROBLEMS: readonly ProblemSlug[] = [
  'rate-limited-by-billing',
  'billing-credentials-rejected',
  'billing-unreachable',
  'billing-failed',
  'billing-unavailable',
  'billing-timeout',
];

export const GET_PROBLEMS: readonly ProblemSlug[] = [
  ...CALLER_PROBLEMS,
  'validation-failed',
  'customer-not-found',
  ...BILLING_PROBLEMS,
];

export const LIST_PROBLEMS: readonly ProblemSlug[] = [
  ...CALLER_PROBLEMS,
  'validation-failed',
  'rejected-by-billing',
  ...BILLING_PROBLEMS,
];

export const PATCH_PROBLEMS: readonly ProblemSlug[] = [
  ...GET_PROBLEMS,
  'malformed-json',
  'rejected-by-billing',
  'conflict',
  'idempotency-in-flight',
  'precondition-failed',
  'request-timeout',
  'payload-too-large',
  'unsupported-media-type',
  'idempotency-key-reused',
];
