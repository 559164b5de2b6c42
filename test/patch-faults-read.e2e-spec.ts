import * as faults from './support/faults.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { type Fault, StatefulUpstream } from './support/stateful-upstream.js';

const { before } = faults;
const PATCH = { name: 'New name', currency: 'EUR' };
const error = (code: string): object => ({ code, message: 'No.' });
const busy = (status: number, retryAfter: string): Fault =>
  before(faults.status(status, error('TOO_MANY_REQUESTS'), { 'Retry-After': retryAfter }));

/** The patch goes out as it is. */
const VERBATIM: Record<string, Fault> = {
  'its own 500': before(faults.ownFailure),
  'a 502 of a gateway': before(faults.gateway(502)),
  'a 503 without word of when': before(faults.gateway(503)),
  'a 503 that asks for too much': busy(503, '3600'),
  'a 504 of a gateway': before(faults.gateway(504)),
  'a reset before the headers': before(faults.reset),
  'a reset within the body': before(faults.resetInBody),
  'no answer': before(faults.hang),
  'a slow drip': ({ response }) => {
    faults.drip(response, { a: 'x'.repeat(99) });
  },
  HTML: before(faults.html),
  'broken JSON': before(faults.broken),
  'another shape': before(faults.wrongShape),
  'an answer that is too long': before(faults.oversized),
  'an answer without end': before(faults.endless),
  'a redirect': before(faults.redirect),
  'another customer': before(faults.status(200, { id: 'cus_1', name: 'Somebody else' })),
  'a 400': before(faults.status(400, error('BAD_REQUEST'))),
};

interface Ending {
  readonly status: number;
  readonly slug: string;
  readonly outcome: string;
  readonly retryAfter?: string;
}

/** Nothing is sent, and the answer is what it would be for the patch. */
const ENDS: Record<string, readonly [Fault, Ending]> = {
  'a 404': [
    before(faults.status(404, error('NOT_FOUND'))),
    { status: 404, slug: 'customer-not-found', outcome: 'rejected' },
  ],
  'a gateway’s 404': [
    before(faults.status(404, '<html>Not Found</html>')),
    { status: 502, slug: 'billing-failed', outcome: 'not_applied' },
  ],
  'a 401': [
    before(faults.status(401, error('UNAUTHORIZED'))),
    { status: 502, slug: 'billing-credentials-rejected', outcome: 'not_applied' },
  ],
  'a 403': [
    before(faults.status(403, error('FORBIDDEN'))),
    { status: 502, slug: 'billing-credentials-rejected', outcome: 'not_applied' },
  ],
  'a 429 that asks for too much': [
    busy(429, '3600'),
    { status: 429, slug: 'rate-limited-by-billing', outcome: 'not_applied', retryAfter: '3600' },
  ],
  'a 429 with nonsense': [
    busy(429, 'tomorrow'),
    { status: 429, slug: 'rate-limited-by-billing', outcome: 'not_applied', retryAfter: '1' },
  ],
};

let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  bff = await startBff({ settings: { BILLING_API_TIMEOUT_MS: '400', REQUEST_DEADLINE_MS: '4000' } });
  upstream = new StatefulUpstream(bff.upstream);
});
beforeEach(async () => {
  await bff.forgetFailures();
  upstream.reset();
});
afterAll(() => bff.stop());

describe('a read that tells nothing lets the patch out as it is', () => {
  it.each(Object.entries(VERBATIM))('%s', async (_what, fault) => {
    upstream.plan('GET', fault);

    const answer = await bff.patch(PATCH);

    expect(answer).toMatchObject({ status: 200, body: { name: PATCH.name } });
    expect(upstream.methods).toEqual(['GET', 'PATCH']);
    expect(JSON.parse(bff.upstream.patches[0]?.text ?? '')).toEqual(PATCH);
    const events = await eventsOf(answer.headers.get('x-operation-id'));
    expect(events.map(({ phase, outcome }) => [phase, outcome])).toEqual([
      ['intent', 'pending'],
      ['outcome', 'applied'],
    ]);
    expect(events.map(({ changes }) => changes).map((changes) => 'before' in (changes[0] ?? {}))).toEqual([
      false,
      false,
    ]);
  });

  it.each(Object.entries(VERBATIM))('but nothing goes out under If-Match: %s', async (_what, fault) => {
    upstream.plan('GET', fault);
    const answer = await bff.patch(PATCH, { 'If-Match': '*' });

    expect(['not_applied', 'rejected']).toContain((answer.body as { outcome: string }).outcome);
    expect([502, 503, 504, 400]).toContain(answer.status);
    expect(upstream.methods).toEqual(['GET']);
  });
});

describe('a read that says enough ends it', () => {
  it.each(Object.entries(ENDS))('%s', async (_what, [fault, { status, slug, outcome, retryAfter }]) => {
    upstream.always = { GET: fault };

    const answer = await bff.patch(PATCH);

    expect(answer).toMatchObject({
      status,
      body: { type: `urn:billing-bff:problem:${slug}`, outcome },
    });
    expect(answer.headers.get('retry-after')).toBe(retryAfter ?? null);
    expect(upstream.methods).toEqual(['GET']);
    expect(await eventsOf(answer.headers.get('x-operation-id'))).toMatchObject([
      { phase: 'outcome', outcome, status, upstream: { attempts: 0 } },
    ]);
  });
});

it.each([429, 503])('a %d that says when is waited for, then all goes on', async (status) => {
  upstream.plan('GET', busy(status, '0'));

  expect((await bff.patch(PATCH)).status).toBe(200);
  expect(upstream.methods).toEqual(['GET', 'GET', 'PATCH']);
  expect(JSON.parse(bff.upstream.patches[0]?.text ?? '')).toEqual({ name: PATCH.name });
});

async function eventsOf(id: string | null): Promise<{ changes: object[]; [name: string]: unknown }[]> {
  const events = (await bff.events(0)).filter(({ operation_id }) => operation_id === id);
  return events as { changes: object[] }[];
}
