import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createClient,
  isUnknownOutcome,
  type BillingBffClient,
  type ClientOptions,
  type CustomerPatch,
} from 'billing-bff-client';
import { gateway } from './support/faults.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER, type TestUpstream } from './support/upstream.js';

const ID = CUSTOMER.id;
const PATCH: CustomerPatch = { name: 'Acme AG' };
const SCOPES = 'customers:write customers:read';

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff({ reconciles: true });
});
afterAll(() => bff.stop());
beforeEach(async () => {
  bff.upstream.requests.length = 0;
  bff.upstream.readAs(CUSTOMER, apply);
  await bff.forgetFailures();
});

const apply: TestUpstream['answer'] = (request, response) => {
  answerJson(response, 200, { ...CUSTOMER, ...(JSON.parse(request.text) as object) });
};

/** What a client sent, and how long it paused. */
interface Seen {
  readonly client: BillingBffClient;
  readonly keys: (string | null)[];
  readonly pauses: number[];
}

type Network = (request: Request, attempt: number) => Promise<Response>;

/** A client whose pauses take no time, on a network that a test may break. */
async function clientOn(
  network: Network = (request) => fetch(request),
  options: Partial<ClientOptions> = {},
): Promise<Seen> {
  const keys: (string | null)[] = [];
  const pauses: number[] = [];
  const client = createClient({
    baseUrl: bff.url,
    token: await bff.idp.token({ scope: SCOPES }),
    fetch: (request) => {
      keys.push(request.headers.get('Idempotency-Key'));
      return network(request, keys.length);
    },
    pause: (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    },
    random: () => 1,
    ...options,
  });
  return { client, keys, pauses };
}

const problem = (slug: string): string => `urn:billing-bff:problem:${slug}`;

describe('the key of a patch', () => {
  it('is the same in every attempt, so an answer that was lost is answered again', async () => {
    const { client, keys, pauses } = await clientOn(async (request, attempt) => {
      const answer = await fetch(request);
      if (attempt < 3) throw new TypeError('the network is down');
      return answer;
    });
    const patched = await client.patchCustomer(ID, PATCH);
    expect(patched).toMatchObject({ ok: true, data: { name: 'Acme AG' }, replayed: true });
    expect(new Set(keys).size).toBe(1);
    expect(keys).toEqual(Array(3).fill(expect.stringMatching(/^[0-9a-f]{32}$/)));
    expect(bff.upstream.patches).toHaveLength(1);
    expect(pauses).toEqual([500, 1_000]);
  });

  it('is another one in the next patch, or the one that the caller kept', async () => {
    const { client, keys } = await clientOn();
    await client.patchCustomer(ID, PATCH);
    await client.patchCustomer(ID, PATCH);
    const kept = await client.patchCustomer(ID, PATCH, { idempotencyKey: keys[0] ?? '' });
    expect(kept).toMatchObject({ ok: true, replayed: true });
    expect([keys[1] === keys[0], keys[2] === keys[0]]).toEqual([false, true]);
  });

  it('stands for the body as it was at the call', async () => {
    const patch: CustomerPatch = { ...PATCH };
    const { client } = await clientOn((request, attempt) => {
      patch.name = 'Somebody else';
      return attempt === 1 ? Promise.reject(new TypeError('the network is down')) : fetch(request);
    });
    expect(await client.patchCustomer(ID, patch)).toMatchObject({ ok: true, data: { name: 'Acme AG' } });
  });
});

it('waits as long as Retry-After says, but not longer than ten seconds', async () => {
  const busy = (seconds: string): Response =>
    new Response(JSON.stringify({ type: problem('rate-limited'), status: 429 }), {
      status: 429,
      headers: { 'Retry-After': seconds },
    });
  const soon = await clientOn((request, attempt) =>
    attempt === 1 ? Promise.resolve(busy('3')) : fetch(request),
  );
  expect(await soon.client.patchCustomer(ID, PATCH)).toMatchObject({ ok: true });
  expect(soon.pauses).toEqual([3_000]);

  const late = await clientOn(() => Promise.resolve(busy('11')));
  expect(await late.client.patchCustomer(ID, PATCH)).toMatchObject({
    ok: false,
    problem: { type: problem('rate-limited') },
    retryAfterS: 11,
  });
  expect([late.keys.length, late.pauses]).toEqual([1, []]);
});

it.each([
  ['a value that is refused', 400, { code: 'BAD_REQUEST', message: 'no' }, 'rejected-by-billing'],
  ['an alias that is taken', 409, { code: 'CONFLICT', message: 'no' }, 'conflict'],
  ['a failure that was not applied', 500, { code: 'INTERNAL_SERVER_ERROR', message: 'no' }, 'billing-failed'],
])('does not repeat %s', async (_, status, body, slug) => {
  bff.upstream.readAs(CUSTOMER, (_request, response) => {
    answerJson(response, status, body);
  });
  const { client, keys } = await clientOn();
  expect(await client.patchCustomer(ID, PATCH)).toMatchObject({
    ok: false,
    problem: { type: problem(slug) },
  });
  expect(keys).toHaveLength(1);
});

it('does not send a second patch when the outcome is unknown, and waits for it', async () => {
  let applied = {};
  bff.upstream.answer = (request, response) => {
    if (request.method === 'PATCH') gateway(502)(response, {});
    else answerJson(response, 200, { ...CUSTOMER, ...applied });
  };
  const { client, keys } = await clientOn();
  const answer = await client.patchCustomer(ID, PATCH);
  if (answer.ok || !isUnknownOutcome(answer.problem)) throw new Error('the outcome is known');
  expect([keys.length, bff.upstream.patches.length]).toEqual([1, 1]);

  applied = PATCH;
  const outcome = await client.waitForOutcome(answer.problem.operation_id);
  expect(outcome).toMatchObject({ ok: true, data: { status: 'applied', final: true, attempts: 1 } });
  expect(bff.upstream.patches).toHaveLength(1);
});

it('asks again while the outcome is not final, with a pause', async () => {
  const operation = (final: boolean): Response =>
    new Response(JSON.stringify({ id: 'x', status: final ? 'applied' : 'unknown', final }));
  const waits: string[] = [];
  const { client, pauses } = await clientOn((request, attempt) => {
    waits.push(new URL(request.url).search);
    return Promise.resolve(operation(attempt === 3));
  });
  expect(await client.waitForOutcome('x')).toMatchObject({ ok: true, data: { final: true } });
  expect([waits, pauses]).toEqual([Array(3).fill('?wait=30'), [1_000, 1_000]]);
});

describe('a token that is refused', () => {
  it('is asked for once more if it comes from a function', async () => {
    const tokens = ['old', await bff.idp.token({ scope: SCOPES })];
    const { client, keys } = await clientOn(undefined, {
      token: () => Promise.resolve(tokens.shift() ?? 'none'),
    });
    expect(await client.patchCustomer(ID, PATCH)).toMatchObject({ ok: true, data: { name: 'Acme AG' } });
    expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
  });

  it('is an answer if it is a text, or if the new one is refused, too', async () => {
    const unauthenticated = { ok: false, problem: { type: problem('unauthenticated'), status: 401 } };
    const fixed = await clientOn(undefined, { token: 'old' });
    expect(await fixed.client.getCustomer(ID)).toMatchObject(unauthenticated);
    const asked = await clientOn(undefined, { token: () => 'old' });
    expect(await asked.client.getCustomer(ID)).toMatchObject(unauthenticated);
    expect([fixed.keys.length, asked.keys.length]).toEqual([1, 2]);
  });
});

describe('without an answer of the BFF', () => {
  it.each([
    ['a gateway', () => Promise.resolve(new Response('<h1>Bad Gateway</h1>', { status: 502 })), 502],
    ['a gateway that says OK', () => Promise.resolve(new Response('<h1>Welcome</h1>')), 200],
    ['nobody', () => Promise.reject(new TypeError('the network is down')), 0],
  ])('says so after four attempts with one key: %s', async (_, network, status) => {
    const { client, keys, pauses } = await clientOn(network);
    expect(await client.patchCustomer(ID, PATCH)).toMatchObject({
      ok: false,
      problem: { type: 'urn:billing-bff:client:no-answer', status },
    });
    expect([keys.length, new Set(keys).size, pauses]).toEqual([4, 1, [500, 1_000, 2_000]]);
  });

  it('does not wait longer than it is told', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const options = { baseUrl: `http://127.0.0.1:${port}`, timeoutMs: 50, retries: { attempts: 2 } };
    const { client, keys } = await clientOn(undefined, options);
    expect(await client.patchCustomer(ID, PATCH)).toMatchObject({
      problem: { type: 'urn:billing-bff:client:no-answer', cause: { name: 'TimeoutError' } },
    });
    expect(keys).toHaveLength(2);
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
  });
});

describe('an aborted signal', () => {
  it('ends a request that waits for its answer', async () => {
    const abort = new AbortController();
    const { client } = await clientOn((request) => {
      abort.abort(new Error('the user left'));
      return fetch(request);
    });
    await expect(client.patchCustomer(ID, PATCH, { signal: abort.signal })).rejects.toThrow('the user left');
  });

  it('ends a pause', async () => {
    const abort = new AbortController();
    const client = createClient({
      baseUrl: bff.url,
      token: 'any',
      fetch: () => {
        setImmediate(() => {
          abort.abort(new Error('the user left'));
        });
        return Promise.reject(new TypeError('the network is down'));
      },
      retries: { attempts: 2 },
      random: () => 1,
    });
    await expect(client.waitForOutcome('x', { signal: abort.signal })).rejects.toThrow('the user left');
  });
});
