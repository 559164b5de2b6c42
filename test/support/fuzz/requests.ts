import { CUSTOMER } from '../upstream.js';
import { bodyFrom } from './bodies.js';
import type { Random } from './random.js';

export interface FuzzRequest {
  readonly method: string;
  readonly target: string;
  readonly body: Buffer;
  /** All of it, as it is written. */
  readonly bytes: Buffer;
}

type Make = (random: Random) => string;

/** Part of each request's id, by which the billing API's requests are told apart. */
export const idOf = (n: number): string => `fuzz-${n}`;

/** Of a tenant that the requests themselves make. */
export const TOKEN_IN_BODIES = 'upstream-token-that-only-bodies-have';

const ODD = 'aZ09-_.~%/\\?&=#;:@!$\'"<>[]{}|^`*+, ';
const odd: Make = (r) => r.text(ODD, 1, 30).replaceAll(' ', r.chance(0.1) ? ' ' : '%20');

const REFS: [Make, ...Make[]] = [
  () => CUSTOMER.id,
  () => CUSTOMER.id,
  () => 'acme',
  () => 'cus_unknown',
  () => '..%2Ftenants',
  () => '%2e%2e',
  () => '%00',
  () => '%E0%A4%A',
  () => 'a%0d%0aX-Evil:1',
  () => '%F0%9F%98%80',
  () => 'x'.repeat(300),
  odd,
];

const ID = '01a21688-4246-7636-93b9-5c66eca900b6';
const CUSTOMER_OF: Make = (r) => `/api/v1/customers/${r.pick(REFS)(r)}`;
const TENANT: Make = (r) => `/api/v1/tenants/${r.pick([() => 'fuzz-1', () => 'fuzz-2', odd])(r)}`;
const PATHS: [Make, ...Make[]] = [
  (r) => `${CUSTOMER_OF(r)}/preview`,
  CUSTOMER_OF,
  () => '/api/v1/customers',
  (r) => `/api/v1/customers/${r.pick(REFS)(r)}/personal-data`,
  (r) => `/api/v1/operations/${r.pick([() => ID, odd])(r)}`,
  () => '/api/v1/audit-events',
  (r) => `/api/v1/audit-events/${r.pick([() => ID, odd])(r)}${r.pick(['', '/proof'])}`,
  (r) =>
    `/api/v1/audit-log/${r.pick(['checkpoint', 'keys', 'tile/0/000', 'tile/0/x001/000.p/9', 'tile/-1/9e9'])}`,
  () => '/api/v1/tenants',
  TENANT,
  (r) => `${TENANT(r)}/token`,
  (r) => `${TENANT(r)}/tokens${r.pick(['', '/1', '/99999999999999999999', '/x'])}`,
  (r) =>
    r.pick([
      '/health/live',
      '/health/ready',
      '/metrics',
      '/problems/not-found',
      '/',
      '/console',
      '/openapi.json',
    ]),
  (r) => `/${odd(r)}`,
  () => '*',
  () => 'http://evil.test/api/v1/customers',
];

const PARAMETERS: [string, ...string[]] = [
  ...([
    'limit',
    'cursor',
    'customer',
    'actor',
    'action',
    'outcome',
    'phase',
    'effect',
    'field',
    'from',
    'to',
  ] as const),
  ...['credential_version', 'after_leaf', 'wait', 'search', 'archived', 'page', 'per_page', 'order_by'],
  ...['retire_tokens', 'clear', '__proto__', 'x'],
];
const VALUES: [Make, ...Make[]] = [
  (r) => r.pick(['1', '0', '-1', '200', '1e9', '99999999999999999999', 'NaN', 'true', 'false', '']),
  (r) =>
    r.pick([
      '2026-11-26',
      '2026-11-26T00:00:00Z',
      '0000-00-00',
      '+275760-09-13',
      'name.asc',
      'applied',
      'intent',
    ]),
  (r) =>
    r.pick([CUSTOMER.id, 'name', 'customer.patch', "'%20or%201=1--", '%00', '%F0%9F%98%80', '%ED%A0%80']),
  odd,
];

const HEADERS: [Make, ...Make[]] = [
  (r) => `Idempotency-Key: ${r.pick(['k1', 'k2', 'k3', 'ü', '', 'x'.repeat(256)])}`,
  (r) => `If-Match: ${r.pick(['*', '"a"', 'W/"a"', '"a", "b"', 'a', '"', ',,,', '"'.repeat(3_000)])}`,
  (r) =>
    `Accept: ${r.pick(['*/*', 'application/x-ndjson', 'text/csv; charset=utf-8', 'text/html', ';;;q=', 'a/b;q=9'])}`,
  (r) => `X-Tenant-Id: ${r.pick(['acme', 'globex', 'initech', 'nobody', '_platform', '../x', ''])}`,
  (r) => `X-Reverts-Operation: ${r.pick([ID, 'x', '', "' or 1=1"])}`,
  (r) =>
    `traceparent: ${r.pick(['00-' + 'a'.repeat(32) + '-' + 'b'.repeat(16) + '-01', '00-0-0-0', 'ff', ''])}`,
  (r) => `X-Forwarded-For: ${r.pick(['1.2.3.4', '::1', '"', "1.2.3.4, ' or 1=1", 'x'.repeat(500)])}`,
  (r) => `Content-Encoding: ${r.pick(['gzip', 'identity', 'br, br, br'])}`,
  (r) =>
    `Transfer-Encoding: ${r.pick(['chunked', 'gzip, chunked', 'xchunked', 'identity', ' chunked', 'chunked, chunked'])}`,
  (r) => `Content-Length: ${r.pick(['0', '-1', '1e1', '0x10', '1, 1', '99999999999999999999'])}`,
  (r) => `Origin: ${r.pick(['https://app.test', 'null', 'https://evil.test'])}`,
  (r) => `Expect: ${r.pick(['100-continue', 'x'])}`,
  (r) => `Upgrade: ${r.pick(['websocket', 'h2c'])}`,
  (r) => `Cookie: ${r.text(ODD, 1, 100)}`,
  (r) => `X-HTTP-Method-Override: ${r.pick(['DELETE', 'PATCH'])}`,
  () => 'Host: evil.test',
  () => 'Authorization: Bearer second',
  (r) => `${r.text('abc-_.X', 1, 12)}: ${r.text(`${ODD}\u0000\u0001\u007fé`, 0, 60)}`,
  (r) => `${r.text(ODD, 1, 12)} ${r.text(ODD, 0, 20)}`,
  (r) => `X-Many: ${'x'.repeat(r.pick([2_000, 20_000]))}`,
];

const METHODS: [string, ...string[]] = [
  ...(['PATCH', 'GET', 'GET', 'POST', 'PUT', 'DELETE'] as const),
  ...['HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'BREW', 'patch'],
];
const TYPES: [string, ...string[]] = [
  ...([
    'application/json; charset=utf8',
    'application/json;charset=utf-16',
    'text/plain',
    '',
    ';',
    'APPLICATION/JSON',
  ] as const),
];

/** Request number `n`: half of them patches that differ in little from one that is carried out, the others anything. */
export function requestFrom(random: Random, n: number, tokens: readonly [string, ...string[]]): FuzzRequest {
  const isPatch = random.chance(0.5);
  const method = isPatch && random.chance(0.9) ? 'PATCH' : random.pick(METHODS);
  const path = isPatch
    ? random.chance(0.6)
      ? `/api/v1/customers/${CUSTOMER.id}`
      : CUSTOMER_OF(random)
    : random.pick(PATHS)(random);
  const target = path + (random.chance(isPatch ? 0.05 : 0.5) ? queryFrom(random) : '');
  const body = method === 'GET' && random.chance(0.9) ? Buffer.alloc(0) : bodyOf(path, random);
  const type = random.chance(0.92) ? 'application/json' : random.pick(TYPES);
  const token = random.chance(isPatch ? 0.8 : 0.5) ? tokens[0] : random.pick(tokens);
  const more = Array.from({ length: random.chance(isPatch ? 0.25 : 0.6) ? 1 + random.below(3) : 0 }, () =>
    random.pick(HEADERS)(random),
  );
  const isChunked = body.length > 0 && random.chance(0.1);
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: bff.test',
    'Connection: close',
    `X-Request-Id: ${idOf(n)}`,
  ];
  const head = [...lines, `Authorization: ${token}`, `Content-Type: ${type}`, framing, ...more, '', ''].join(
    '\r\n',
  );
  const framed = isChunked ? [`${body.length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n'] : [body];
  const smuggled = random.chance(0.05) ? SMUGGLED : '';
  const bytes = Buffer.concat([head, ...framed, smuggled].map((part) => Buffer.from(part as string)));
  return { method, target, body, bytes };
}

/** Behind a request with `Connection: close` nothing is carried out. */
const SMUGGLED = `PATCH /api/v1/customers/${CUSTOMER.id} HTTP/1.1\r\nHost: a\r\nX-Request-Id: smuggled\r\nContent-Length: 2\r\n\r\n{}`;

function queryFrom(random: Random): string {
  const pairs = Array.from(
    { length: 1 + random.below(3) },
    () => `${random.pick(PARAMETERS)}=${random.pick(VALUES)(random)}`,
  );
  return `?${pairs.join('&')}`;
}

function bodyOf(path: string, random: Random): Buffer {
  if (!path.startsWith('/api/v1/tenants') || random.chance(0.3)) return bodyFrom(random);
  const value = random.pick<unknown>([
    { token: TOKEN_IN_BODIES },
    { token: `${TOKEN_IN_BODIES}\n` },
    { token: { value: TOKEN_IN_BODIES } },
    { id: 'fuzz-1', name: 'Fuzz', status: 'active', billing_api_url: null, invoicing_entities: null },
    { name: 'Fuzz', status: 'active' },
    { name: 'Fuzz', billing_api_url: 'http://169.254.169.254/latest' },
    { name: 'Fuzz', billing_api_url: `http://x:${TOKEN_IN_BODIES}@127.0.0.1` },
    { status: 'suspended' },
    { invoicing_entities: ['ive_1', null] },
  ]);
  return Buffer.from(JSON.stringify(value));
}
