import * as faults from './support/faults.js';
import { letPass } from './support/passing-time.js';
import { SkippingClock } from './support/skipping-clock.js';
import { skipLooks } from './support/reconciling.js';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { type Fault, StatefulUpstream } from './support/stateful-upstream.js';
import { CUSTOMER } from './support/upstream.js';

const { after, before } = faults;
const PATCH = { name: 'New name', currency: 'EUR', is_tax_exempt: true };

interface Ending {
  readonly status: number;
  readonly slug?: string;
  readonly outcome: string;
  /** What the billing API saw. */
  readonly methods: readonly string[];
  /** How the operation stands when nothing more comes of it. */
  readonly final: string;
  readonly retryAfter?: string;
}

const APPLIED = { status: 200, outcome: 'applied', final: 'applied' } as const;
const SAVED_BY_A_LOOK: Ending = { ...APPLIED, methods: ['GET', 'PATCH', 'GET'] };
const UNKNOWN: Ending = {
  ...{ status: 502, slug: 'billing-failed', outcome: 'unknown', final: 'not_applied' },
  methods: ['GET', 'PATCH', 'GET'],
};
const TOO_LATE: Ending = { ...UNKNOWN, status: 504, slug: 'billing-timeout' };
const NOT_APPLIED: Ending = { ...UNKNOWN, outcome: 'not_applied' };

/** Without a newer token a refused one ends it, and nothing was written. */
const REJECTED: Ending = {
  ...{ status: 502, slug: 'billing-credentials-rejected', outcome: 'not_applied', final: 'not_applied' },
  methods: ['GET', 'PATCH'],
};
const error = (code: string): object => ({ code, message: 'No.' });
const busy = (status: number, retryAfter?: string): Fault =>
  before(
    faults.status(
      status,
      error('TOO_MANY_REQUESTS'),
      retryAfter === undefined ? {} : { 'Retry-After': retryAfter },
    ),
  );
const LATER: Ending = {
  ...{ status: 429, slug: 'rate-limited-by-billing', outcome: 'not_applied', final: 'not_applied' },
  methods: ['GET', 'PATCH'],
};
const UNAVAILABLE: Ending = {
  ...LATER,
  status: 503,
  slug: 'billing-unavailable',
  methods: ['GET', 'PATCH', 'GET'],
};
/** It waited, saw that nothing had changed, and sent it again. */
const SECOND_TRY: Ending = { ...APPLIED, methods: ['GET', 'PATCH', 'GET', 'PATCH'] };

const TABLE: Record<string, readonly [Fault, Ending]> = {
  'its own 500 before applying': [before(faults.ownFailure), NOT_APPLIED],
  'its own 500 after applying': [after(faults.ownFailure), SAVED_BY_A_LOOK],
  'a 500 in another shape': [before(faults.status(500, { error: 'x' })), UNKNOWN],
  'a 502 of a gateway before applying': [before(faults.gateway(502)), UNKNOWN],
  'a 502 of a gateway after applying': [after(faults.gateway(502)), SAVED_BY_A_LOOK],
  'a 504 of a gateway before applying': [before(faults.gateway(504)), UNKNOWN],
  'a 504 of a gateway after applying': [after(faults.gateway(504)), SAVED_BY_A_LOOK],
  'a reset before the headers, not applied': [before(faults.reset), UNKNOWN],
  'a reset before the headers, applied': [after(faults.reset), SAVED_BY_A_LOOK],
  'a reset within the body, not applied': [before(faults.resetInBody), UNKNOWN],
  'a reset within the body, applied': [after(faults.resetInBody), SAVED_BY_A_LOOK],
  'no answer, not applied': [before(faults.hang), TOO_LATE],
  'no answer, applied': [after(faults.hang), SAVED_BY_A_LOOK],
  'a slow drip, not applied': [
    ({ response }) => {
      faults.drip(response, { a: 'x'.repeat(99) });
    },
    TOO_LATE,
  ],
  'a slow drip, applied': [after(faults.drip), SAVED_BY_A_LOOK],
  'HTML, not applied': [before(faults.html), UNKNOWN],
  'HTML, applied': [after(faults.html), SAVED_BY_A_LOOK],
  'broken JSON, applied': [after(faults.broken), SAVED_BY_A_LOOK],
  'another shape, not applied': [before(faults.wrongShape), UNKNOWN],
  'another shape, applied': [after(faults.wrongShape), SAVED_BY_A_LOOK],
  'an answer that is too long, applied': [after(faults.oversized), SAVED_BY_A_LOOK],
  'an answer without end, not applied': [before(faults.endless), UNKNOWN],
  'an answer without end, applied': [after(faults.endless), SAVED_BY_A_LOOK],
  'a redirect, not applied': [before(faults.redirect), UNKNOWN],
  'a redirect, applied': [after(faults.redirect), SAVED_BY_A_LOOK],
  'a 401': [before(faults.status(401, error('UNAUTHORIZED'))), REJECTED],
  'a 403': [before(faults.status(403, error('FORBIDDEN'))), REJECTED],
  'a 429 that says when': [busy(429, '0'), SECOND_TRY],
  'a 429 that says when, as a date': [busy(429, 'Sat, 01 Jan 2000 00:00:00 GMT'), SECOND_TRY],
  'a 429 that does not say when': [busy(429), { ...LATER, retryAfter: '1' }],
  'a 429 with nonsense': [busy(429, 'soon'), { ...LATER, retryAfter: '1' }],
  'a 429 that asks for too much': [busy(429, '3600'), { ...LATER, retryAfter: '3600' }],
  'a 429 that asks for centuries': [busy(429, '99999999999'), { ...LATER, retryAfter: '86400' }],
  'a 503 that says when': [busy(503, '0'), SECOND_TRY],
  'a 503 that says when, as a date': [busy(503, 'Sat, 01 Jan 2000 00:00:00 GMT'), SECOND_TRY],
  'a 503 that does not say when': [busy(503), UNKNOWN],
  'a 503 with nonsense': [busy(503, '-1'), UNKNOWN],
  'a 503 that asks for too much': [busy(503, '3600'), { ...UNAVAILABLE, retryAfter: '3600' }],
  'a 503 that asks for too much, applied': [
    after(faults.status(503, error('x'), { 'Retry-After': '3600' })),
    SAVED_BY_A_LOOK,
  ],
};

const HOUR = 3_600_000;
const clock = new SkippingClock();
let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  const settings = { BILLING_API_TIMEOUT_MS: '400', REQUEST_DEADLINE_MS: '4000' };
  bff = await startBff({ settings, clock, reconciles: true });
  upstream = new StatefulUpstream(bff.upstream);
});
beforeEach(async () => {
  await bff.forgetFailures();
  upstream.reset();
});
afterAll(() => bff.stop());

it.each(Object.entries(TABLE))('%s', async (_what, [fault, ending]) => {
  upstream.plan('PATCH', fault);

  const answer = await bff.patch(PATCH);

  expectAnswer(answer, ending);
  expect(upstream.methods).toEqual(ending.methods);
  const id = answer.headers.get('x-operation-id') ?? '';
  expect(await phasesOf(id)).toEqual([
    ['intent', 'pending', null],
    ['outcome', ending.outcome, ending.status],
  ]);
  if (ending.outcome === 'unknown') await finallyClosed(id, ending.final);
  expect(await statusOf(id)).toBe(ending.final);
});

it('a 502 of a gateway that lands late is found out', async () => {
  let land = (): void => undefined;
  upstream.plan('PATCH', ({ response, serve }) => {
    land = () => void serve();
    faults.gateway(502)(response, {});
  });

  const answer = await bff.patch(PATCH);
  expectAnswer(answer, UNKNOWN);
  const id = answer.headers.get('x-operation-id') ?? '';
  await letPass(bff, clock, 1_000);
  land();
  await finallyClosed(id, 'applied');
});

it('a patch of only what can’t be read ends unverifiable', async () => {
  upstream.plan('PATCH', after(faults.gateway(502)));

  const answer = await bff.patch({ is_tax_exempt: true });
  expectAnswer(answer, UNKNOWN);
  await finallyClosed(answer.headers.get('x-operation-id') ?? '', 'unverifiable');
});

it('somebody else’s values leave it unverifiable', async () => {
  upstream.plan('PATCH', before(faults.gateway(502)));

  const answer = await bff.patch(PATCH);
  upstream.write({ name: 'Somebody else was here' });
  await finallyClosed(answer.headers.get('x-operation-id') ?? '', 'unverifiable');
});

it('a later patch that may have undone it leaves it unverifiable', async () => {
  let land = (): void => undefined;
  upstream.plan('PATCH', ({ response, serve }) => {
    land = () => void serve();
    faults.gateway(502)(response, {});
  });

  const answer = await bff.patch(PATCH);
  land();
  expect((await bff.patch({ name: CUSTOMER.name })).status).toBe(200);
  await finallyClosed(answer.headers.get('x-operation-id') ?? '', 'unverifiable');
});

it('a patch that may have undone it before it was read again leaves it unknown', async () => {
  upstream.plan('PATCH', async ({ response, serve }) => {
    serve();
    await bff.patch({ name: CUSTOMER.name });
    faults.ownFailure(response, {});
  });

  const answer = await bff.patch(PATCH);
  expect(upstream.methods).toEqual(['GET', 'PATCH', 'GET', 'PATCH', 'GET']);
  expect(answer).toMatchObject({ status: 502, body: { outcome: 'unknown' } });
  await finallyClosed(answer.headers.get('x-operation-id') ?? '', 'unverifiable');
});

it('a later patch of something else leaves it not applied', async () => {
  upstream.plan('PATCH', before(faults.gateway(502)));

  const answer = await bff.patch(PATCH);
  expect((await bff.patch({ name: 'Third name', phone: '+49 123' })).status).toBe(200);
  expect((await bff.patch({ phone: '+49 456' })).status).toBe(200);
  upstream.write({ name: CUSTOMER.name });
  await finallyClosed(answer.headers.get('x-operation-id') ?? '', 'not_applied');
});

it.each([
  ['forward, and a look is still taken', 1, after(faults.gateway(502)), SAVED_BY_A_LOOK],
  ['back, and nobody waits an hour', -1, busy(429, '3000'), { ...LATER, retryAfter: '3000' }],
] as const)('a wall clock that is set an hour %s', async (_what, hours, fault, ending) => {
  upstream.plan('PATCH', (exchange) => {
    clock.step(hours * HOUR);
    void fault(exchange);
  });

  const answer = await bff.patch(PATCH);

  clock.step(-hours * HOUR);
  expectAnswer(answer, ending);
  expect(upstream.methods).toEqual(ending.methods);
});

function expectAnswer({ status, body, headers }: TestAnswer, ending: Ending): void {
  const id = headers.get('x-operation-id');
  const shown = ending.slug === undefined ? undefined : `urn:billing-bff:problem:${ending.slug}`;
  expect({ status, ...(body as object) }).toMatchObject(
    shown === undefined
      ? { status: ending.status, name: PATCH.name }
      : { status: ending.status, type: shown, outcome: ending.outcome, operation_id: id },
  );
  expect(headers.get('retry-after')).toBe(ending.retryAfter ?? null);
  expect(headers.get('location')).toBe(ending.outcome === 'unknown' ? `/api/v1/operations/${id}` : null);
}

/** The operation's events so far. */
async function phasesOf(id: string): Promise<unknown[]> {
  const events = (await bff.events(0)).filter(({ operation_id }) => operation_id === id);
  return events.map(({ phase, outcome, status }) => [phase, outcome, status]);
}

async function statusOf(id: string): Promise<unknown> {
  return ((await bff.send('GET', `/api/v1/operations/${id}`)).body as { status: unknown }).status;
}

/** Skips from look to look of the reconciler until it has told how it ended: one more event, and no other. */
async function finallyClosed(id: string, final: string): Promise<void> {
  await skipLooks(bff, clock);
  expect((await phasesOf(id)).slice(2)).toEqual([['outcome', final, null]]);
  expect(await statusOf(id)).toBe(final);
}
