import type { Attempt } from './try-patch.js';
import { planFor, tryList } from './try-plan.js';
import { report } from './try-report.js';
import { SCENARIOS } from './scenarios.js';

const EVENT = { occurred_at: '2026-11-26T06:18:01.137Z', actor: { type: 'user', sub: 'ada' } };

const ATTEMPT: Attempt = {
  plan: planFor('applied-later', 123_456_789),
  url: 'http://bff.test/api/v1/customers/cus_AppliedLater',
  body: {
    name: 'Example No. 123456789',
    phone: '+1',
    billing_address: { line1: 'L', city: 'C' },
    is_tax_exempt: true,
  },
  before: {
    name: 'A name that is far too long for its column',
    phone: null,
    billing_address: { city: 'C', line1: 'K' },
  },
  answer: {
    status: 504,
    statusText: 'Gateway Timeout',
    headers: {},
    body: {
      type: 'urn:billing-bff:problem:billing-timeout',
      outcome: 'unknown',
      detail: 'No answer in time.',
    },
    afterMs: 2_040,
  },
  ended: [
    { afterMs: 2_050, status: 'unknown', final: false, changes: [] },
    {
      ...{ afterMs: 3_300, status: 'applied', final: true },
      changes: [
        { field: 'name', effect: 'applied' },
        { field: 'phone', effect: 'normalised' },
      ],
    },
  ],
  events: [
    { ...EVENT, phase: 'intent', outcome: null, status: null, changes: [{}, {}] },
    { ...EVENT, phase: 'outcome', outcome: 'unknown', status: 504, changes: [] },
    {
      ...EVENT,
      phase: 'event',
      action: 'tenant.token.rejected',
      outcome: 'applied',
      status: null,
      changes: [],
    },
  ],
  links: [['the trail', 'GET http://bff.test/trail']],
};

it('shows what was sent, what became of it, and its events', () => {
  expect(report(ATTEMPT)).toEqual([
    'The billing API does not answer in time, and applies it a moment later.',
    '',
    'PATCH http://bff.test/api/v1/customers/cus_AppliedLater, as acme-web',
    '504 Gateway Timeout after 2.0 s: billing-timeout, unknown',
    '  No answer in time.',
    '  after 2.0 s the operation is unknown, which is not final',
    '  after 3.3 s the operation is applied',
    '',
    '  field               before                          asked for                       effect',
    '  name                A name that is far too long f…  Example No. 123456789           applied',
    '  phone               –                               +1                              normalised, it is –',
    '  billing_address     C, K                            C, L                            –',
    '  is_tax_exempt       (never shown)                   true                            –',
    '',
    'In the audit trail:',
    '  06:18:01.137  intent    2 fields                    user ada',
    '  06:18:01.137  outcome   unknown       answered 504  user ada',
    '  06:18:01.137  event     tenant.token.rejected                user ada',
    '',
    'Look next:',
    '  the trail      GET http://bff.test/trail',
  ]);
});

it('says at once what is final at once', () => {
  const ended = [{ afterMs: 90, status: 'applied', final: true, changes: [] }];
  const answer = { ...ATTEMPT.answer, status: 200, statusText: 'OK', afterMs: 85.4, body: {} };
  const lines = report({ ...ATTEMPT, answer, ended });
  expect(lines.slice(3, 5)).toEqual(['200 OK after 85 ms: applied', '']);
});

it('shows the tenant and the condition that were sent, and the places of faults', () => {
  const [answer, before] = [
    { ...ATTEMPT.answer, body: { detail: 'It moved.', errors: [{ pointer: '#/phone' }] } },
    undefined,
  ];
  const lines = report({ ...ATTEMPT, plan: { ...planFor('unreachable', 1), ifMatch: true }, answer, before });
  expect(lines).toContain(
    'PATCH http://bff.test/api/v1/customers/cus_AppliedLater, as platform-service, X-Tenant-Id: unreachable, ' +
      'If-Match: the ETag of the read before',
  );
  expect(lines).toContain('  It moved. (#/phone)');
  expect(lines).toContain(
    '  name                ?                               Example No. 123456789           applied',
  );
});

it('knows every scenario by its name, and "unknown"', () => {
  for (const { alias } of SCENARIOS) expect(planFor(alias, 1).customerId).toMatch(/^cus_/);
  expect(planFor('unknown', 1).customerId).toBe(planFor('applied-later', 1).customerId);
  expect(() => planFor('nothing', 1)).toThrow('There is nothing to try by the name nothing: see --list.');
});

it('lists every name with what happens, on at most 40 lines', () => {
  const lines = tryList();
  expect(lines.length).toBeLessThanOrEqual(40);
  for (const name of [...SCENARIOS.map(({ alias }) => alias), 'token-rejected', 'unreachable'])
    expect(lines.filter((line) => line.startsWith(`  ${name} `))).toHaveLength(1);
});
