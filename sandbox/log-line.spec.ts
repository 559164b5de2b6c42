import { readableLine } from './log-line.js';

const TIME = '2026-11-26T05:09:17.135Z';
const LOCAL = new Date(TIME).toTimeString().slice(0, 8);
const line = (members: object): string =>
  readableLine(JSON.stringify({ time: TIME, service: 'billing-bff', ...members }));

it('shows a request as method, route, status, time and tenant, then what is special about it', () => {
  const request = {
    ...{ level: 30, msg: 'request', request_id: 'r', trace_id: 't', tenant_id: 'acme', method: 'PATCH' },
    ...{ route: '/api/v1/customers/:id_or_alias', status: 504, duration_ms: 2105.3, operation_id: 'o-1' },
    problem: 'billing-timeout',
  };
  expect(line(request)).toBe(
    `${LOCAL} info  PATCH /api/v1/customers/:id_or_alias 504 in 2105.3 ms for acme operation_id=o-1 problem=billing-timeout`,
  );
});

it('leaves the tenant out where there is none', () => {
  const request = {
    level: 40,
    msg: 'request',
    tenant_id: null,
    method: 'GET',
    route: '/docs',
    status: 404,
    duration_ms: 1,
  };
  expect(line(request)).toBe(`${LOCAL} WARN  GET /docs 404 in 1 ms`);
});

it('shows any other line as its message and members', () => {
  expect(line({ level: 50, msg: 'it failed', tenant_id: 'acme', error: { type: 'Error' } })).toBe(
    `${LOCAL} ERROR it failed tenant_id=acme error={"type":"Error"}`,
  );
  expect(readableLine('{"msg":"no time","level":30}')).toBe('--:--:-- info  no time');
});

it.each(['plain text', '', '[1]', '{"level":30}', '{broken'])(
  'leaves what is no line of the log as it is: %s',
  (text) => {
    expect(readableLine(text)).toBe(text);
  },
);
