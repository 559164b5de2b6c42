import * as faults from './support/faults.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { StatefulUpstream } from './support/stateful-upstream.js';

let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  const settings = {
    ...{ BILLING_API_MAX_IN_FLIGHT: '4', BILLING_API_TIMEOUT_MS: '2000' },
  };
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
    body: { type: 'urn:billing-bff:problem:billing-unavailable', outcome: 'not_applied' },
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

it('more requests at once than a tenant may have are refused with Retry-After', async () => {
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
  const answer = await bff.patch({ name: 'c' });
  upstream.always = {};
  for (const end of held) end();

  expect(answer).toMatchObject({
    status: 503,
    body: { type: 'urn:billing-bff:problem:billing-unavailable', outcome: 'not_applied' },
  });
  expect(answer.headers.get('retry-after')).toBe('1');
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
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
