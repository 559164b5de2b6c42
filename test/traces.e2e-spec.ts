import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BffProcess, createSurroundings, killAll, type Surroundings } from './support/bff-process.js';
import { TestIdentityProvider } from './support/identity-provider.js';
import { answerJson, CUSTOMER, TestUpstream } from './support/upstream.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const ROUTE = '/api/v1/customers/:id_or_alias';
/** OTLP's kinds. */
const [SERVER, CLIENT] = [2, 3];

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
}
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: Pick<Span, 'attributes'>;
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

let upstream: TestUpstream;
let idp: TestIdentityProvider;
let around: Surroundings;
let collector: Server;
let exports: Export[];
let bff: BffProcess;
beforeEach(async () => {
  [upstream, idp] = await Promise.all([TestUpstream.start(), TestIdentityProvider.start()]);
  around = await createSurroundings(upstream, idp);
  exports = [];
});
afterEach(async () => {
  await killAll();
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
  await Promise.all([upstream.stop(), idp.stop(), around.remove()]);
});

async function startWith(listener: RequestListener): Promise<void> {
  collector = createServer(listener);
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const endpoint = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/`,
    OTEL_SERVICE_NAME: 'bff-of-test',
  };
  bff = await BffProcess.start({ ...around.settings, ...endpoint });
}

const collect: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    expect(request.url).toBe('/v1/traces');
    exports.push(JSON.parse(Buffer.concat(chunks).toString()) as Export);
    answerJson(response, 200, {});
  });
};

async function patch(flags = '01'): Promise<number> {
  const answer = await fetch(`${bff.url ?? ''}/api/v1/customers/${CUSTOMER.id}`, {
    method: 'PATCH',
    headers: {
      Authorization: `Bearer ${await idp.token()}`,
      'Content-Type': 'application/json',
      traceparent: `00-${TRACE}-${CALLER}-${flags}`,
    },
    body: '{"name":"Acme AG"}',
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** What was recorded, once the process has ended. */
async function spans(): Promise<Span[]> {
  bff.signal('SIGTERM');
  expect(await bff.ended).toBe(0);
  return exports.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
}

function attribute({ attributes }: Pick<Span, 'attributes'>, name: string): unknown {
  return Object.values(attributes.find(({ key }) => key === name)?.value ?? {})[0];
}

it('a patch is one trace, which continues the caller’s: every step, statement and request, with its parent', async () => {
  await startWith(collect);
  upstream.readAs(CUSTOMER, (_request, response) => {
    answerJson(response, 502, {});
  });
  expect(await patch()).toBe(502);
  const sent = upstream.requests.map(({ headers }) => String(headers['traceparent']));
  const recorded = await spans();
  const named = new Map(recorded.map((span) => [span.spanId, span]));
  const pathOf = ({ parentSpanId, name }: Span): string => {
    const parent = named.get(parentSpanId ?? '');
    return parent === undefined ? `${parentSpanId} / ${name}` : `${pathOf(parent)} / ${name}`;
  };
  const root = `${CALLER} / PATCH ${ROUTE}`;
  const statements = around.settings['DATABASE_URL'] === undefined ? [] : ['WITH'];
  const stored = (step: string): string[] =>
    [[step], [step, 'store events'], ...statements.map((one) => [step, 'store events', one])].map((path) =>
      [root, ...path].join(' / '),
    );
  const paths = recorded.map(pathOf);
  expect(paths.filter((path) => !path.startsWith(root))).toEqual([]);
  // What else is asked of the database in a first patch: its tenant, its customer's key, the use of its token, a new connection.
  const aside = / \/ (SELECT|INSERT|UPDATE|SET)$/;
  expect(paths.filter((path) => !aside.test(path)).sort()).toEqual(
    [
      ...[root, `${root} / validate`],
      ...[`${root} / read`, `${root} / read / GET`],
      ...stored('intent'),
      ...[`${root} / send`, `${root} / send / PATCH`],
      ...[`${root} / look`, `${root} / look / GET`],
      ...stored('outcome'),
    ].sort(),
  );
  expect(new Set(recorded.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));

  const server = recorded.find(({ kind }) => kind === SERVER);
  expect(server && [attribute(server, 'http.route'), attribute(server, 'http.response.status_code')]).toEqual(
    [ROUTE, 502],
  );
  expect(server?.status.code).toBe(2);
  const requests = recorded.filter((span) => span.kind === CLIENT && ['GET', 'PATCH'].includes(span.name));
  expect(requests.map(({ spanId }) => `00-${TRACE}-${spanId}-01`).sort()).toEqual(sent.sort());
  expect(JSON.stringify(exports)).not.toMatch(new RegExp(`${CUSTOMER.id}|upstream-token|Acme AG`));
  const services = exports.flatMap(({ resourceSpans }) => resourceSpans.map(({ resource }) => resource));
  expect(new Set(services.map((service) => attribute(service, 'service.name')))).toEqual(
    new Set(['bff-of-test']),
  );
  expect(bff.stdout).toContain(`"trace_id":"${TRACE}"`);
});

it('a trace that the caller does not sample is continued, and not recorded', async () => {
  await startWith(collect);
  expect(await patch('00')).toBe(200);
  for (const { headers } of upstream.requests)
    expect(headers['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  expect(await spans()).toEqual([]);
});

it.each<[string, RequestListener]>([
  ['hangs', () => undefined],
  ['goes away', (request) => void request.socket.destroy()],
])('a collector that %s costs no request, and the end a second at most', async (_, listener) => {
  await startWith(listener);
  expect(await patch()).toBe(200);
  const signalled = performance.now();
  bff.signal('SIGTERM');
  expect(await bff.ended).toBe(0);
  expect(performance.now() - signalled).toBeLessThan(4_000);
});
