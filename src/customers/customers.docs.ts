import { CALLER_PROBLEMS } from '../auth/caller.docs.js';
import { REQUEST_ID_HEADER } from '../http/api-docs.js';
import type { ProblemSlug } from '../http/problem.js';
import { ADDRESSABLE_PATTERN } from './dto/alias.js';
import { OPERATION_HEADERS, OPERATION_ID } from './patch-problems.docs.js';

/** The texts of the OpenAPI document about customers, apart from their schemas. */
export const PATCH = {
  operationId: 'patchCustomer',
  summary: 'Patch a customer',
  description:
    'Updates the fields in the body and no others. The customer is read first. Fields that already have the ' +
    'requested value are not sent; if none is left, the customer just read is returned. The change is recorded ' +
    'before it is sent, and its outcome before the request is answered. If the answer of the billing API does not ' +
    'prove the outcome, the customer is read again. If it has the requested state, the answer is 200: this proves ' +
    'the state, not who wrote it. ' +
    'Addresses and lists are replaced as a whole, so this is not a JSON merge patch. null is refused. ' +
    'The scope `customers:write` allows every field, its groups some: each field says which. A body with other fields is 403 ' +
    '`field-forbidden`, even if it has faults, too.',
};

/** Swagger UI fills in the first one, so it changes a single field. */
export const BODY = {
  required: true,
  examples: {
    'one-field': { summary: 'Change one field', value: { name: 'Acme Berlin GmbH' } },
    contact: {
      summary: 'Change whom invoices go to',
      value: { billing_email: 'billing@acme.test', invoicing_emails: ['invoices@acme.test'] },
    },
    address: {
      summary: 'Replace an address: what is left out becomes empty',
      value: {
        billing_address: { line1: 'Main Street 1', city: 'Berlin', zip_code: '10115', country: 'DE' },
      },
    },
    tax: {
      summary: 'Change what is about taxes',
      value: {
        vat_number: 'DE123456789',
        custom_taxes: [{ name: 'City tax', tax_code: 'CITY', rate: '20.5' }],
      },
    },
  },
} as const;

export const PREVIEW = {
  operationId: 'previewCustomerPatch',
  summary: 'Preview a patch',
  description:
    'Takes the same body as the patch, with the same checks, scopes and comparison, and sends nothing. Answers the ' +
    'changes that the patch would make, warnings, and the customer as it would be. `etag` is the tag of the customer ' +
    'as it is: the same body as a patch with it in `If-Match` does what was shown, or is 412. An `Idempotency-Key` ' +
    'has no effect here, so the patch can have the same key.',
};

export const GET = {
  operationId: 'getCustomer',
  summary: 'Get a customer',
  description:
    'Returns the customer as stored in the billing API, with an ETag for `If-Match`. `is_tax_exempt` can be written ' +
    'but not read, so it is not in the answer and not covered by the ETag. Nor are members beyond the contract, so ' +
    '`If-None-Match` is ignored: a 304 would hide that they changed.',
};

export const LIST = {
  operationId: 'listCustomers',
  summary: 'List and search customers',
  description:
    "Returns the billing API's own list, one page at a time. Every page is read again, so customers that are added or " +
    'changed in between can move from one page to another. The list has no ETag: read a customer by its id to get one.',
};

export const ID_OR_ALIAS = {
  name: 'id_or_alias',
  description:
    "The customer's id (`cus_…`) or alias, percent-encoded. It has 1 to 255 characters after decoding, without white " +
    'space, slashes, backslashes or invisible characters.',
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: 255,
    pattern: ADDRESSABLE_PATTERN,
    example: 'cus_7n42DGM5Tflk9n8mt7Fhc7',
  },
} as const;

/** No example, because Swagger UI would send it with every patch. */
export const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'A unique value for each patch, chosen by the caller. For 24 hours the same request with the same key gets the ' +
    'same answer, and nothing is sent again. After a failure that changed nothing the key can be used again.',
  schema: {
    type: 'string',
    pattern: '^[\\x21-\\x7e]{1,255}$',
  },
} as const;

export const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description:
    'The patch is applied only if the customer has one of these ETags; `*`: only if it exists. Patches with ' +
    '`If-Match` wait for each other. A change without `If-Match` is detected, not prevented.',
  schema: { type: 'string' },
} as const;

export const REVERTS_OPERATION = {
  name: 'X-Reverts-Operation',
  required: false,
  description:
    'The id of the operation that this patch undoes, on the same customer, else 400. The trail records it as `reverts`.',
  schema: { type: 'string', format: 'uuid' },
} as const;

export const PREVIEW_IF_MATCH = {
  ...IF_MATCH,
  description: 'The preview is 412 unless the customer has one of these ETags.',
} as const;

export const CUSTOMER_HEADERS = {
  ...REQUEST_ID_HEADER,
  ETag: {
    description: 'Strong and opaque. It covers every field except `is_tax_exempt`.',
    schema: { type: 'string' },
  },
  'Content-Location': {
    description: "The customer's URL by id, which stays valid when the alias changes.",
    schema: { type: 'string' },
  },
} as const;

export const PATCHED_HEADERS = {
  ...OPERATION_HEADERS,
  ...CUSTOMER_HEADERS,
} as const;

export const PREVIEW_HEADERS = {
  ...REQUEST_ID_HEADER,
  ...OPERATION_ID,
  ETag: { ...CUSTOMER_HEADERS.ETag, description: 'The tag of the customer as it is, for `If-Match`.' },
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
  'field-forbidden',
  'rejected-by-billing',
  'conflict',
  'idempotency-in-flight',
  'precondition-failed',
  'request-timeout',
  'payload-too-large',
  'unsupported-media-type',
  'idempotency-key-reused',
];

/** Those of a patch that come without sending, and without a key. */
export const PREVIEW_PROBLEMS: readonly ProblemSlug[] = PATCH_PROBLEMS.filter(
  (slug) =>
    !['rejected-by-billing', 'conflict', 'idempotency-in-flight', 'idempotency-key-reused'].includes(slug),
);
