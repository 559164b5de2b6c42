/** A complete HTTP answer of the billing API's stand-in. */
export interface BillingAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const STATUS_OF = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  TOO_MANY_REQUESTS: 429,
  INTERNAL_SERVER_ERROR: 500,
} as const;

export function json(status: number, value: unknown): BillingAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

/** The billing API's own errors: `{code, message}` (U10). */
export function failure(code: keyof typeof STATUS_OF, message: string): BillingAnswer {
  return json(STATUS_OF[code], { code, message });
}

/** Refusals by its HTTP layer are plain text (U10). */
export function plain(status: number, message: string): BillingAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: message };
}

/** Unknown routes and methods are answered without a body. */
export function empty(status: number, headers: Record<string, string> = {}): BillingAnswer {
  return { status, headers, body: '' };
}
