import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { OtelTracing } from '../src/tracing/otel-tracing.js';

it('work that several share is a child of the first, with links to the others; without any of them it has no span', async () => {
  let text = '';
  const collector = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => void response.end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const tracing = new OtelTracing({ endpoint, serviceName: 'test' }, pino({ enabled: false }));

  const current = (name: string) =>
    tracing.span(name, () => Promise.resolve(tracing.current), { root: true });
  const of = [await current('one'), await current('other')];
  await tracing.span('shared', () => Promise.resolve(), { of });
  await tracing.span('of nobody', () => Promise.resolve(), { of: [undefined] });
  await tracing.span('in no trace', () => Promise.resolve());
  await tracing.stop();
  collector.closeAllConnections();
  collector.close();

  interface Span {
    readonly name: string;
    readonly traceId: string;
    readonly spanId: string;
    readonly parentSpanId?: string;
    readonly links?: readonly { readonly spanId: string }[];
  }
  const { resourceSpans } = JSON.parse(text) as {
    resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
  };
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  expect(spans.map(({ name }) => name)).toEqual(['one', 'other', 'shared']);
  const [one, other, shared] = spans;
  expect([shared?.traceId, shared?.parentSpanId]).toEqual([one?.traceId, one?.spanId]);
  expect(shared?.links?.map(({ spanId }) => spanId)).toEqual([other?.spanId]);
  expect(other?.traceId).not.toBe(one?.traceId);
});
