import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import * as faults from './support/faults.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { StatefulUpstream } from './support/stateful-upstream.js';

const PATCH = { name: 'New name' };
const refusal = (status: number): faults.Wire =>
  faults.status(status, { code: 'UNAUTHORIZED', message: 'No.' });
const busy = faults.status(503, {}, { 'Retry-After': '0' });

let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  bff = await startBff({ settings: { BILLING_API_TIMEOUT_MS: '1000', REQUEST_DEADLINE_MS: '9000' } });
  upstream = new StatefulUpstream(bff.upstream);
});
beforeEach(async () => {
  await bff.forgetFailures();
  upstream.reset();
});
afterAll(() => bff.stop());

describe.each([401, 403])('a %d and a newer token by then', (status) => {
  it('on the patch: it is sent again with that one, once the customer was seen to be unchanged', async () => {
    upstream.plan('PATCH', async ({ response }) => {
      await putToken();
      refusal(status)(response, {});
    });
    const answer = await bff.patch(PATCH);

    expect(answer).toMatchObject({ status: 200, body: PATCH });
    expect(upstream.methods).toEqual(['GET', 'PATCH', 'GET', 'PATCH']);
    const [first, second] = bff.upstream.patches.map(({ headers }) => headers['authorization']);
    expect(first).not.toBe(second);
    const [, outcome] = await eventsOf(answer.headers.get('x-operation-id'));
    expect(outcome).toMatchObject({ outcome: 'applied', upstream: { attempts: 2, status: 200 } });
  });

  it('on the read: the patch goes out with that one', async () => {
    upstream.plan('GET', async ({ response }) => {
      await putToken();
      refusal(status)(response, {});
    });
    expect((await bff.patch(PATCH)).status).toBe(200);
    expect(upstream.methods).toEqual(['GET', 'GET', 'PATCH']);
  });
});

it('is not sent when the customer was changed meanwhile', async () => {
  upstream.plan('PATCH', ({ response }) => {
    upstream.write({ phone: '123' });
    busy(response, {});
  });
  const answer = await bff.patch(PATCH);

  expect(upstream.methods).toEqual(['GET', 'PATCH', 'GET', 'GET']);
  expect(answer).toMatchObject({ status: 503, body: { outcome: 'not_applied' } });
});

it('is not sent when the first was applied all the same', async () => {
  upstream.plan('PATCH', faults.after(busy));
  const answer = await bff.patch(PATCH);

  expect(bff.upstream.patches).toHaveLength(1);
  expect(answer).toMatchObject({ status: 200, body: PATCH });
});

it('is not waited for when it cannot come: a patch without a read before is not repeated after a 503', async () => {
  upstream.plan('GET', faults.before(faults.ownFailure));
  upstream.plan('PATCH', faults.before(faults.status(503, {}, { 'Retry-After': '5' })));
  const began = performance.now();
  const answer = await bff.patch(PATCH);

  expect(performance.now() - began).toBeLessThan(4_000);
  expect(bff.upstream.patches).toHaveLength(1);
  expect(answer).toMatchObject({ status: 503, body: { outcome: 'unknown' } });
  expect(answer.headers.get('retry-after')).toBe('5');
});

it('is the last one', async () => {
  upstream.always = { PATCH: faults.before(busy) };
  const answer = await bff.patch(PATCH);

  expect(bff.upstream.patches).toHaveLength(2);
  expect(answer).toMatchObject({ status: 503, body: { outcome: 'not_applied' } });
});

it('a billing API that is gone when the patch is due: nothing was sent, and it says so', async () => {
  // No connection of before is left: the patch needs a new one.
  await bff.upstream.stop();
  await bff.upstream.listen();
  upstream.plan('GET', ({ response, serve }) => {
    response.setHeader('Connection', 'close');
    faults.status(200, serve())(response, {});
    void bff.upstream.stop();
  });
  const answer = await bff.patch(PATCH);
  await bff.upstream.listen();

  expect(bff.upstream.patches).toHaveLength(0);
  expect(answer).toMatchObject({
    status: 502,
    body: { type: 'urn:billing-bff:problem:billing-unreachable', outcome: 'not_applied' },
  });
  expect(await eventsOf(answer.headers.get('x-operation-id'))).toMatchObject([
    { phase: 'intent' },
    { phase: 'outcome', outcome: 'not_applied', upstream: { status: null, attempts: 3 } },
  ]);
});

it('a connection that is never made: nothing was sent, and it says so', async () => {
  // It takes connections, and says nothing: no TLS handshake ever ends.
  const silent = await listening();
  const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const own = await startBff({ settings: { BILLING_API_URL: url, REQUEST_DEADLINE_MS: '600' } });
  const answer = await own.patch(PATCH);
  await own.stop();
  silent.close();

  expect(answer).toMatchObject({
    status: 502,
    body: { type: 'urn:billing-bff:problem:billing-unreachable', outcome: 'not_applied' },
  });
});

let version = 1;
async function putToken(): Promise<void> {
  const token = await bff.idp.token({ scope: 'tenants:admin' });
  const headers = { Authorization: `Bearer ${token}` };
  version += 1;
  const answer = await bff.send('PUT', '/api/v1/tenants/acme/token', { token: `token-${version}` }, headers);
  expect(answer.status).toBe(201);
}

async function eventsOf(id: string | null): Promise<object[]> {
  return (await bff.events(0)).filter(({ operation_id }) => operation_id === id);
}

async function listening(): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
