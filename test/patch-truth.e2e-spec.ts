import * as faults from './support/faults.js';
import { skipLooks } from './support/reconciling.js';
import { SkippingClock } from './support/skipping-clock.js';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { type Fault, StatefulUpstream } from './support/stateful-upstream.js';
import { CUSTOMER } from './support/upstream.js';

/** A second that the billing API asks for takes no time: the clock moves on instead. */
class HastyClock extends SkippingClock {
  override sleep(ms: number): Promise<void> {
    if (ms !== 1_000) return super.sleep(ms);
    this.skip(ms);
    return Promise.resolve();
  }
}

const TIMEOUT = 2_000;
const PATCH = { name: 'New name' };
const error = { code: 'SOME_CODE', message: 'No.' };
const comeBack = (status: number, seconds: string): faults.Wire =>
  faults.status(status, error, { 'Retry-After': seconds });

/** How the answer to the patch fails. */
const WIRES: Record<string, faults.Wire> = {
  'a time-out': (response) => {
    // The request's own time-out falls due.
    response.once('close', () => undefined);
    setImmediate(() => {
      clock.skip(TIMEOUT);
    });
  },
  'a reset': faults.reset,
  'a 500 in its own JSON': faults.ownFailure,
  'an HTML 500': faults.gateway(500),
  'a 502': faults.gateway(502),
  'a 503, back at once': comeBack(503, '0'),
  'a 503, back in a second': comeBack(503, '1'),
  'a 503, back in a minute': comeBack(503, '60'),
  'a 429, back at once': comeBack(429, '0'),
  'a 429, back in a minute': comeBack(429, '60'),
};
/** What somebody else writes between the patch and its answer. A value put back can't be told from one never changed. */
const WRITERS: Record<string, object | undefined> = {
  'nobody else': undefined,
  'somebody writes another field': { phone: '+49 30 1' },
  'somebody writes the same field': { name: 'Their name' },
};

const CASES = Object.keys(WIRES).flatMap((wire) =>
  [true, false]
    // A 429 is a refusal: nothing was done.
    .filter((applied) => !applied || !wire.startsWith('a 429'))
    .flatMap((applied) =>
      [true, false].flatMap((readsBefore) =>
        [true, false].flatMap((readsBack) =>
          Object.keys(WRITERS).map((writer) => ({ wire, applied, readsBefore, readsBack, writer })),
        ),
      ),
    ),
);

const clock = new HastyClock();
const services = new Map<'always' | 'never', { bff: TestBff; upstream: StatefulUpstream }>();
beforeAll(async () => {
  for (const preRead of ['always', 'never'] as const) {
    const settings = {
      BILLING_API_TIMEOUT_MS: String(TIMEOUT),
      REQUEST_DEADLINE_MS: '20000',
      CUSTOMER_PRE_READ: preRead,
    };
    const bff = await startBff({ settings, clock, reconciles: true });
    services.set(preRead, { bff, upstream: new StatefulUpstream(bff.upstream) });
  }
});
afterAll(async () => {
  for (const { bff } of services.values()) await bff.stop();
});

describe.each(['always', 'never'] as const)('CUSTOMER_PRE_READ=%s', (preRead) => {
  const cases = CASES.filter(({ readsBefore }) => preRead === 'always' || !readsBefore);
  const name = '$wire, applied: $applied, read before: $readsBefore, read back: $readsBack, $writer';

  it.each(cases)(name, async ({ wire, applied, readsBefore, readsBack, writer }) => {
    const service = services.get(preRead);
    if (service === undefined) throw new Error('the service did not start');
    const { bff, upstream } = service;
    await bff.forgetFailures();
    upstream.reset();
    if (preRead === 'always' && !readsBefore) upstream.plan('GET', faults.before(faults.ownFailure));
    upstream.plan('PATCH', patchFault(upstream, { wire, applied, readsBack, writer }));

    const answer = await bff.patch(PATCH);
    const told = toldBy(answer);
    const received = bff.upstream.patches.length;
    const id = answer.headers.get('x-operation-id') ?? '';
    const state = { ...upstream.customer };
    const wasThere = upstream.states.some(({ name: shown }) => shown === PATCH.name);

    // Never a second patch where the first may have been applied.
    if (received > 1)
      expect({ applied, proven: readsBefore || wire.startsWith('a 429') }).toEqual({
        applied: false,
        proven: true,
      });
    if (told.outcome === 'applied') expect(wasThere).toBe(true);
    if (told.outcome === 'not_applied') expect([wasThere, state['name']]).toEqual([false, theirs(writer)]);
    expect(answer.headers.get('location')).toBe(
      told.outcome === 'unknown' ? `/api/v1/operations/${id}` : null,
    );
    if (wire.endsWith('a minute') && answer.status !== 200)
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([Number(wire.slice(2, 5)), '60']);

    // The final word, once the customer can be read.
    upstream.always = {};
    const early = await operation(bff, id);
    expect(early).toMatchObject({ status: told.outcome, final: told.outcome !== 'unknown' });
    if (told.outcome === 'unknown') await skipLooks(bff, clock);
    const final = await operation(bff, id);
    expect(final).toMatchObject({ final: true, ended_at: expect.any(String) as string });
    const truths = wasThere ? ['applied', 'unverifiable'] : ['not_applied', 'unverifiable'];
    expect(truths).toContain(final['status']);
    expect(bff.upstream.patches).toHaveLength(received);
  });
});

describe('a request whose time is over before anything is sent', () => {
  const always = (): { bff: TestBff; upstream: StatefulUpstream } => {
    const service = services.get('always');
    if (service === undefined) throw new Error('the service did not start');
    return service;
  };
  beforeEach(async () => {
    await always().bff.forgetFailures();
    always().upstream.reset();
  });

  it('is not said to have met an unreachable billing API', async () => {
    const { bff, upstream } = always();
    upstream.plan('GET', ({ response, serve }) => {
      clock.skip(20_000);
      faults.status(200, serve())(response, {});
    });
    const answer = await bff.patch(PATCH);

    expect(answer).toMatchObject({
      status: 503,
      body: { type: 'urn:billing-bff:problem:billing-unavailable', outcome: 'not_applied' },
    });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(upstream.methods).toEqual(['GET']);
    const id = answer.headers.get('x-operation-id') ?? '';
    expect(await operation(bff, id)).toMatchObject({ status: 'not_applied', final: true, attempts: 0 });
  });
});

function patchFault(
  upstream: StatefulUpstream,
  { wire, applied, readsBack, writer }: Omit<(typeof CASES)[number], 'readsBefore'>,
): Fault {
  return ({ response, serve }) => {
    if (applied) serve();
    const theirPatch = WRITERS[writer];
    if (theirPatch !== undefined) upstream.write(theirPatch);
    if (!readsBack) upstream.always = { GET: faults.before(faults.ownFailure) };
    WIRES[wire]?.(response, upstream.customer);
  };
}

/** The name that the customer has when the patch was not applied. */
function theirs(writer: string): unknown {
  return { ...CUSTOMER, ...WRITERS[writer] }.name;
}

function toldBy({ status, body }: TestAnswer): { readonly outcome: string } {
  return status === 200 ? { outcome: 'applied' } : (body as { outcome: string });
}

async function operation(bff: TestBff, id: string): Promise<Record<string, unknown>> {
  return (await bff.send('GET', `/api/v1/operations/${id}`)).body as Record<string, unknown>;
}
