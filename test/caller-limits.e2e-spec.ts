import { once } from 'node:events';
import { connect } from 'node:net';
import type { ServerResponse } from 'node:http';
import type { JWTPayload } from 'jose';
import { TokenVerifier } from '../src/auth/token-verifier.js';
import { ManualClock } from './support/manual-clock.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER, type TestUpstream } from './support/upstream.js';

const clock = new ManualClock();
let bff: TestBff;
let usual: TestUpstream['answer'];
beforeAll(async () => {
  const settings = {
    RATE_LIMIT_PER_MINUTE: '5',
    CALLER_MAX_IN_FLIGHT: '3',
    CORS_ORIGINS: 'https://app.example.com',
    CUSTOMER_PRE_READ: 'never',
  };
  bff = await startBff({ settings, clock });
  usual = bff.upstream.answer;
});
afterAll(() => bff.stop());
beforeEach(() => {
  bff.upstream.answer = usual;
  bff.upstream.requests.length = 0;
});

const as = async (claims: JWTPayload): Promise<{ Authorization: string }> => ({
  Authorization: `Bearer ${await bff.idp.token(claims)}`,
});
const patch = (name: string, headers: Record<string, string>): Promise<number> =>
  bff.patch({ name }, headers).then(({ status }) => status);
const counted = async (reason: string): Promise<number> => {
  const text = await (await fetch(`${bff.url}/metrics`)).text();
  return Number(
    new RegExp(`billing_bff_rate_limited_total\\{reason="${reason}"\\} (\\d+)`).exec(text)?.[1] ?? 0,
  );
};

describe('the rate of one caller', () => {
  it('is answered with what is left, then 429 before the body is looked at, and again when there is a token', async () => {
    const caller = await as({ sub: 'hasty' });
    const headers: (string | null)[] = [];
    for (let i = 0; i < 5; i += 1) {
      const answer = await bff.patch({ name: `A${i}` }, { ...caller, Origin: 'https://app.example.com' });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('ratelimit-policy')).toBe('"caller";q=5;w=60');
      expect(answer.headers.get('access-control-expose-headers')).toMatch(/RateLimit-Policy, RateLimit/);
      headers.push(answer.headers.get('ratelimit'));
    }
    expect(headers).toEqual([4, 3, 2, 1, 0].map((left) => `"caller";r=${left};t=12`));

    const refused = await bff.patch('{ not JSON', caller);
    expect(refused.body).toEqual({
      type: 'urn:billing-bff:problem:rate-limited',
      title: 'The caller sends too many requests',
      status: 429,
      detail: 'This caller may send 5 requests a minute.',
      instance: expect.any(String) as unknown,
      code: 'TOO_MANY_REQUESTS',
      message: 'This caller may send 5 requests a minute.',
      request_id: refused.headers.get('x-request-id'),
    });
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'retry-after': '12',
      'ratelimit-policy': '"caller";q=5;w=60',
      ratelimit: '"caller";r=0;t=12',
    });
    expect(bff.upstream.patches).toHaveLength(5);
    const others = [
      { sub: 'calm' },
      { sub: 'hasty', client_id: 'app' },
      { sub: 'hasty', tenant_id: 'globex' },
    ];
    for (const claims of others) expect(await patch('B', await as(claims))).toBe(200);

    clock.advance(12_000);
    expect([await patch('C', caller), await patch('D', caller)]).toEqual([200, 429]);
  });

  it('covers what is refused, too: scope, tenant, unknown tenants, X-Tenant-Id that is not theirs', async () => {
    const caller = { sub: 'prober' };
    const statuses = [
      await patch('A', await as({ ...caller, scope: 'audit:read' })),
      await patch('A', { ...(await as(caller)), 'X-Tenant-Id': 'globex' }),
      await patch('A', { ...(await as(caller)), 'X-Tenant-Id': 'hooli' }),
      await patch('', await as(caller)),
      (await bff.send('GET', '/api/v1/tenants', undefined, await as(caller))).status,
      await patch('A', { ...(await as(caller)), 'X-Tenant-Id': 'piedpiper' }),
    ];
    expect(statuses).toEqual([403, 403, 403, 400, 403, 429]);
    const stranger = await as({ sub: 'prober', tenant_id: 'hooli' });
    const suspended = await as({ sub: 'prober', tenant_id: 'initech' });
    for (const own of [stranger, suspended]) {
      for (let i = 0; i < 5; i += 1) expect(await patch('A', own)).toBe(403);
      expect(await patch('A', own)).toBe(429);
    }
  });

  it('is of the tenant that a service names', async () => {
    const service = await as({ sub: 'batch', tenant_id: undefined, scope: 'customers:write tenants:any' });
    for (const tenant of ['acme', 'globex']) {
      const headers = { ...service, 'X-Tenant-Id': tenant };
      for (let i = 0; i < 5; i += 1) expect(await patch('A', headers)).toBe(200);
      expect(await patch('A', headers)).toBe(429);
    }
  });

  it('is one for all names that a service makes up, and leaves the tenants that exist theirs', async () => {
    const service = await as({ sub: 'liar', tenant_id: undefined, scope: 'customers:write tenants:any' });
    const named = (tenant: string): Promise<number> => patch('A', { ...service, 'X-Tenant-Id': tenant });
    for (let i = 0; i < 5; i += 1) expect(await named(`made-up-${i}`)).toBe(403);
    expect(await named('made-up-5')).toBe(429);
    clock.advance(60_000);
    for (let i = 0; i < 5; i += 1) expect(await named('acme')).toBe(200);
    expect(await named('acme')).toBe(429);
    for (let i = 0; i < 5; i += 1) expect(await named('made-up-0')).toBe(403);
    expect(await named('made-up-0')).toBe(429);
  });

  it('leaves probes, the metrics and callers without a good token alone', async () => {
    for (let i = 0; i < 7; i += 1) {
      const answers = [await bff.send('GET', '/health/live'), await bff.send('GET', '/metrics')];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const stranger = await bff.patch({}, { Authorization: 'Bearer a.b.c' });
      expect(stranger.status).toBe(401);
      for (const { headers } of [...answers, stranger]) expect(headers.has('ratelimit')).toBe(false);
    }
  });

  it('counts refusals in the metrics, and in the trail once a minute', async () => {
    const caller = await as({ sub: 'counted' });
    const before = await counted('rate');
    for (let i = 0; i < 9; i += 1) await bff.send('GET', '/api/v1/customers/nobody', undefined, caller);
    expect((await counted('rate')) - before).toBe(4);
    const limited = async (n: number): Promise<object[]> => {
      const found = (await bff.events(n)).filter(
        ({ actor, problem }) => problem === 'rate-limited' && (actor as { sub: string }).sub === 'counted',
      );
      return found.map(({ tenant_id, action, status, count }) => ({ tenant_id, action, status, count }));
    };
    const event = { tenant_id: 'acme', action: 'access.refused', status: 429 };
    await until(async () => (await limited(0)).length === 1);
    clock.advance(60_000);
    await until(async () => (await limited(0)).length === 2);
    expect(await limited(0)).toEqual([
      { ...event, count: 1 },
      { ...event, count: 3 },
    ]);
  });
});

describe('requests of one caller at a time', () => {
  /** Patches of acme hang until they are let go. */
  function hold(): { readonly held: ServerResponse[]; letGo: () => void } {
    const held: ServerResponse[] = [];
    bff.upstream.answer = (request, response) => {
      if (request.text.includes('Held')) held.push(response);
      else usual(request, response);
    };
    return {
      held,
      letGo() {
        for (const response of held) answerJson(response, 200, { ...CUSTOMER, name: 'Held' });
      },
    };
  }

  it('are refused beyond the limit, and let in again when one is answered', async () => {
    const caller = await as({ sub: 'eager' });
    const { held, letGo } = hold();
    const first = Array.from({ length: 3 }, () => patch('Held', caller));
    await until(() => held.length === 3);
    const refused = await bff.patch({ name: 'A' }, caller);
    expect(refused.body).toMatchObject({
      type: 'urn:billing-bff:problem:rate-limited',
      detail: 'This caller has 3 requests in flight; wait until some are finished.',
    });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await patch('A', await as({ sub: 'eager', tenant_id: 'globex' }))).toBe(200);
    letGo();
    expect(await Promise.all(first)).toEqual([200, 200, 200]);
    expect(await patch('A', caller)).toBe(200);
  });

  it('take their turn when 100 are pipelined on one connection: one is sent at a time, another tenant does not wait', async () => {
    const caller = await as({ sub: 'pipeliner' });
    const { held, letGo } = hold();
    const before = await counted('in-flight');
    const socket = pipeline(caller, 100);
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => (received += text));
    await until(() => held.length === 1);
    expect(await patch('A', await as({ sub: 'other', tenant_id: 'globex' }))).toBe(200);
    expect(held).toHaveLength(1);
    bff.upstream.answer = usual;
    letGo();
    await until(() => (received.match(/HTTP\/1\.1 /g) ?? []).length === 100);
    expect(received).toMatch(/^HTTP\/1\.1 200/);
    expect(await counted('in-flight')).toBe(before);
    socket.destroy();
  });

  it('leave no place taken when the caller is gone before its token is checked', async () => {
    const caller = await as({ sub: 'fleeting' });
    const verifier = bff.app.get(TokenVerifier, { strict: false });
    let checked = (): void => undefined;
    const gate = new Promise<void>((resolve) => (checked = resolve));
    const verify = verifier.verify.bind(verifier);
    const spy = jest.spyOn(verifier, 'verify').mockImplementation(async (header) => {
      await gate;
      return verify(header);
    });
    const server = bff.app.getHttpServer();
    const connections = (): Promise<number> =>
      new Promise((resolve) =>
        server.getConnections((_error, count) => {
          resolve(count);
        }),
      );
    const before = await connections();
    const sockets = Array.from({ length: 3 }, () => pipeline(caller, 1));
    await until(() => spy.mock.calls.length === 3);
    for (const socket of sockets) socket.resetAndDestroy();
    await until(async () => (await connections()) <= before);
    checked();
    spy.mockRestore();
    let last = 429;
    await until(async () => (last = await patch('A', caller)) !== 429);
    expect(last).toBe(200);
  });

  it('go on when the caller hangs up, and count until they are over', async () => {
    const caller = await as({ sub: 'quitter' });
    const { held, letGo } = hold();
    const sockets = Array.from({ length: 3 }, () => pipeline(caller, 1));
    await until(() => held.length === 3);
    const closed = sockets.map((socket) => once(socket, 'close'));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
    expect(await patch('A', caller)).toBe(429);
    letGo();
    let last = 0;
    await until(async () => (last = await patch('A', caller)) !== 429);
    expect(last).toBe(200);
  });

  function pipeline({ Authorization }: { Authorization: string }, n: number): ReturnType<typeof connect> {
    const { hostname, port } = new URL(bff.url);
    const socket = connect(Number(port), hostname);
    const body = JSON.stringify({ name: 'Held' });
    const head = `PATCH ${CUSTOMER_PATH} HTTP/1.1\r\nHost: bff\r\nAuthorization: ${Authorization}\r\n`;
    const request = `${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    socket.write(request.repeat(n));
    return socket;
  }
});

/** Ten seconds at most. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
