import * as faults from './support/faults.js';
import { ManualClock } from './support/manual-clock.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';
import { type Fault, StatefulUpstream } from './support/stateful-upstream.js';

let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  // What hangs here has to hang for longer than anybody waits for a slot.
  const settings = { BILLING_API_MAX_IN_FLIGHT: '4', BILLING_API_TIMEOUT_MS: '10000' };
  bff = await startBff({ settings });
  upstream = new StatefulUpstream(bff.upstream);
});
beforeEach(async () => {
  await bff.forgetFailures();
  upstream.reset();
});
afterAll(() => bff.stop());

it('an open breaker refuses at once with Retry-After: nothing is sent, and the trail says so', async () => {
  upstream.always = { GET: faults.before(faults.gateway(502)), PATCH: faults.before(faults.gateway(503)) };
  for (let i = 0; i < 4; i += 1) await bff.patch({ name: 'x' });
  bff.upstream.requests.length = 0;
  const answer = await bff.patch({ name: 'x' });

  expect(answer).toMatchObject({
    status: 503,
    body: {
      type: 'urn:billing-bff:problem:billing-unavailable',
      detail: 'The billing API accepts no requests at the moment. Nothing was sent.',
      outcome: 'not_applied',
    },
  });
  expect(answer.headers.get('retry-after')).toMatch(/^[1-5]$/);
  expect(upstream.methods).toEqual([]);
  const id = answer.headers.get('x-operation-id');
  const events = (await bff.events(0)).filter(({ operation_id }) => operation_id === id);
  expect(events).toMatchObject([{ phase: 'outcome', outcome: 'not_applied', status: 503 }]);
});

it('shows its state in the metrics and in the readiness, which it does not fail', async () => {
  upstream.always = { GET: faults.before(faults.gateway(502)), PATCH: faults.before(faults.gateway(503)) };
  for (let i = 0; i < 4; i += 1) await bff.patch({ name: 'x' });

  const ready = await bff.send('GET', '/health/ready', undefined, { Authorization: '' });
  expect(ready).toMatchObject({ status: 200, body: { status: 'up', billing_api: { open_breakers: 1 } } });
  const metrics = await bff.send('GET', '/metrics', undefined, { Authorization: '' });
  expect(metrics.body).toMatch(/billing_bff_billing_api_breakers_open{scope="tenant"} 1\n/);
});

it('more patches at once than a tenant may have wait for a moment, then are refused with Retry-After', async () => {
  const held: (() => void)[] = [];
  const twoHeld = new Promise<void>((resolve) => {
    upstream.always = {
      GET: ({ response, serve }) => {
        held.push(() => {
          faults.status(200, serve())(response, {});
        });
        if (held.length === 2) resolve();
      },
    };
  });
  const running = [bff.patch({ name: 'a' }), bff.patch({ name: 'b' })];
  await twoHeld;
  const reader = { Authorization: `Bearer ${await bff.idp.token({ scope: 'customers:read' })}` };
  const [answer, read] = await Promise.all([
    bff.patch({ name: 'c' }),
    bff.send('GET', CUSTOMER_PATH, undefined, reader),
  ]);
  const next = bff.patch({ name: 'd' });
  upstream.always = {};
  for (const end of held) end();
  expect(await next).toMatchObject({ status: 200 });
  expect(read).toMatchObject({
    status: 503,
    body: {
      type: 'urn:billing-bff:problem:billing-unavailable',
      detail: 'Too many requests to the billing API are in progress.',
    },
  });

  expect(answer).toMatchObject({
    status: 503,
    body: {
      type: 'urn:billing-bff:problem:billing-unavailable',
      detail: 'Too many requests to the billing API are in progress. Nothing was sent.',
      outcome: 'not_applied',
    },
  });
  expect(answer.headers.get('retry-after')).toBe('1');
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
});

it('200 patches at once of one tenant are all carried out, each with one slot for all its requests', async () => {
  // Nobody waits too long while time stands still.
  const own = await startBff({ clock: new ManualClock() });
  const held: (() => void)[] = [];
  let inFlight = 0;
  let most = 0;
  const busy: Fault = ({ response, serve }) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    held.push(() => {
      inFlight -= 1;
      faults.status(200, serve())(response, {});
    });
    if (most === 64) for (const end of held.splice(0)) end();
  };
  new StatefulUpstream(own.upstream).always = { GET: busy, PATCH: busy };
  try {
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => own.patch({ name: `N${i}` })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(most).toBe(64);
  } finally {
    await own.stop();
  }
});

it('a hundred 500s for one caller’s bad value refuse nobody else', async () => {
  upstream.always = {
    PATCH: (exchange) => {
      const bad = exchange.request.text.includes('bad');
      if (bad) faults.ownFailure(exchange.response, {});
      else faults.status(200, exchange.serve())(exchange.response, {});
    },
  };
  for (let i = 0; i < 100; i += 1) {
    const { status } = await bff.patch({ name: 'bad' });
    if (status !== 502) throw new Error(`${status}`);
  }
  expect((await bff.patch({ name: 'good' })).status).toBe(200);
});
