import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { startBff, type TestBff } from './support/start-bff.js';

interface Route {
  readonly method: string;
  readonly url: string;
}

/** What the interface opens to everybody. */
const PUBLIC = [
  ...[/^\/health\/(live|ready)$/, /^\/metrics$/, /^\/docs(\/.*)?$/, /^\/openapi\.json$/],
  ...[/^\/$/, /^\/problems(\/.*)?$/, /^\/console(\/.*)?$/],
];

/** The last one has a Content-Type that is none: nobody may look at it before the token. */
const WITHOUT_TOKEN: readonly Record<string, string>[] = [
  { Authorization: '' },
  { Authorization: 'Bearer x.y.z' },
  { Authorization: '', 'Content-Type': ';' },
];

let bff: TestBff;
const routes: Route[] = [];
beforeAll(async () => {
  // Fastify tells of every instance it makes: nothing can be registered before this hook is in place.
  subscribe('fastify.initialization', watchRoutes);
  bff = await startBff({ settings: { SWAGGER_ENABLED: 'true' } });
  unsubscribe('fastify.initialization', watchRoutes);
});
afterAll(() => bff.stop());

function watchRoutes(message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance };
  fastify.addHook('onRoute', ({ method, url }: RouteOptions) => {
    for (const each of [method].flat()) routes.push({ method: each, url });
  });
}

it('the walk sees what there is: the routes of the interface, and as many as Fastify prints', () => {
  const seen = routes.map(({ method, url }) => `${method} ${url}`);
  expect(seen).toEqual(
    expect.arrayContaining([
      'PATCH /api/v1/customers/:id_or_alias',
      'GET /api/v1/operations/:id',
      'GET /api/v1/audit-events',
      'HEAD /api/v1/audit-events',
      'GET /api/v1/audit-events/:id',
      'GET /api/v1/audit-events/:id/proof',
      'GET /api/v1/audit-log/checkpoint',
      'GET /api/v1/audit-log/keys',
      'GET /api/v1/audit-log/tile/:level/*',
      'DELETE /api/v1/customers/:cus_id/personal-data',
      'GET /health/live',
      'GET /health/ready',
      'GET /openapi.json',
      'GET /docs',
    ]),
  );
  const printed = bff.app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
  const methods = [...printed.matchAll(/\(([A-Z, ]+)\)/g)].flatMap(([, list = '']) => list.split(', '));
  expect(new Set(seen).size).toBe(methods.length);
});

it('every route but the public ones is 401 without a token, or takes no such method at all', async () => {
  const open: string[] = [];
  for (const { method, url } of closedRoutes()) {
    for (const headers of WITHOUT_TOKEN) {
      const { status, headers: answer } = await bff.send(method, filled(url), undefined, headers);
      const closed = status === 401 && answer.get('www-authenticate') === 'Bearer error="invalid_token"';
      const noSuchMethod = status === 405 && answer.get('allow')?.split(', ').includes(method) === false;
      if (!closed && !noSuchMethod) open.push(`${method} ${url}: ${status}`);
    }
  }
  expect(open).toEqual([]);
});

it('a method that is refused as such does nothing with a token either', async () => {
  for (const { method, url } of closedRoutes()) {
    const without = await bff.send(method, filled(url), undefined, { Authorization: '' });
    if (without.status === 401) continue;
    expect((await bff.send(method, filled(url))).status).toBe(405);
  }
});

it('every closed route asks for a scope: a token with none is 403', async () => {
  const token = await bff.idp.token({ scope: '' });
  let closed = 0;
  for (const { method, url } of closedRoutes()) {
    const headers = { Authorization: `Bearer ${token}` };
    const { status, body } = await bff.send(method, filled(url), undefined, headers);
    if (status === 405) continue;
    expect({ method, url, status }).toEqual({ method, url, status: 403 });
    if (method !== 'HEAD') expect(body).toMatchObject({ type: 'urn:billing-bff:problem:insufficient-scope' });
    closed += 1;
  }
  expect(closed).toBeGreaterThanOrEqual(8);
});

it('the paths of closed routes stay closed however they are spelt', async () => {
  for (const path of [
    '/api/v1/audit-events/',
    '/api/v1//audit-events',
    '//api/v1/audit-events',
    '/API/v1/audit-events',
    '/api/v1/audit-events?',
    '/api/v1/audit%2Devents',
    '/api/v1/audit-events;a=b',
    '/docs/../api/v1/audit-events',
    '/docs/..%2fapi/v1/audit-events',
    '/health/%2e%2e/api/v1/audit-events',
    '/health/live/../../api/v1/audit-events',
  ]) {
    const { status } = await bff.send('GET', path, undefined, { Authorization: '' });
    expect({ path, refused: [400, 401, 404].includes(status), status }).toMatchObject({
      path,
      refused: true,
    });
  }
});

it('a method override does not open anything', async () => {
  const headers = { Authorization: '', 'X-HTTP-Method-Override': 'GET', 'X-Original-URL': '/health/live' };
  expect((await bff.send('PATCH', '/api/v1/customers/cus_1', {}, headers)).status).toBe(401);
});

function closedRoutes(): Route[] {
  const others = routes.filter(({ url }) => !PUBLIC.some((open) => open.test(url)));
  // fetch sends no such methods.
  return others.filter(({ method }) => !['TRACE', 'CONNECT'].includes(method) && others.length > 0);
}

function filled(url: string): string {
  return url.replace(/:[a-z_]+/g, 'cus_1').replace('*', 'x');
}
