import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes as OtelAttributes,
  type Context,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import type { TracesConfig } from '../config/config.js';
import {
  type Attributes,
  type RemoteParent,
  type ServerSpan,
  type Span,
  type SpanOptions,
  Tracing,
} from '../runtime/tracing.js';
import { VERSION } from '../runtime/version.js';

/** Milliseconds that an export may take, and that the end of the process waits for the last one. */
const EXPORT_TIMEOUT = 10_000;
const LAST_EXPORT_TIMEOUT = 1_000;
/** Milliseconds between two lines about a collector that takes nothing. */
const SAY_EVERY = 60_000;

/** Traces by OpenTelemetry's SDK, sent by OTLP over HTTP. This file is loaded only if traces are on. */
export class OtelTracing extends Tracing {
  override readonly on = true;
  private readonly spans = new AsyncLocalStorage<OtelSpan>();
  private readonly provider: TracerProvider;
  private readonly tracer: Tracer;

  constructor({ endpoint, serviceName }: TracesConfig, logger: Logger) {
    super();
    const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: EXPORT_TIMEOUT });
    this.provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': VERSION }),
      // A caller's sampled flag counts; a trace that begins here is sampled.
      sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
      spanProcessors: [new BatchSpanProcessor({ exporter: saying(exporter, logger) })],
    });
    this.tracer = this.provider.getTracer('billing-bff', VERSION);
  }

  override get active(): boolean {
    return this.spans.getStore() !== undefined;
  }

  override get current(): unknown {
    return this.spans.getStore();
  }

  override get traceparent(): string | undefined {
    const span = this.spans.getStore();
    if (span === undefined) return undefined;
    const { traceId, spanId, traceFlags } = span.spanContext();
    return `00-${traceId}-${spanId}-${flagsOf(traceFlags)}`;
  }

  override span<Result>(
    name: string,
    work: (span: Span) => Promise<Result>,
    options: SpanOptions = {},
  ): Promise<Result> {
    const [parent, ...linked] = (options.of ?? [this.spans.getStore()]).filter(isSpan);
    if (parent === undefined && options.root !== true) return super.span(name, work, options);
    const span = this.tracer.startSpan(
      name,
      {
        kind: options.kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL,
        attributes: plain(options.attributes),
        links: linked.map((other) => ({ context: other.spanContext() })),
      },
      options.root === true || parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent),
    );
    return this.spans.run(span, () => during(span, work));
  }

  override serve(name: string, attributes: Attributes, parent: RemoteParent | undefined): ServerSpan {
    const options = { kind: SpanKind.SERVER, attributes: plain(attributes) };
    const span = this.tracer.startSpan(name, options, contextOf(parent));
    const { traceId, traceFlags } = span.spanContext();
    return {
      ...handleOf(span),
      trace: { traceId, flags: flagsOf(traceFlags) },
      run: (task) => {
        this.spans.run(span, task);
      },
      end: () => {
        span.end();
      },
    };
  }

  override async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, LAST_EXPORT_TIMEOUT)));
    await Promise.race([this.provider.shutdown().catch(() => undefined), over]);
    clearTimeout(timer);
  }
}

async function during<Result>(span: OtelSpan, work: (span: Span) => Promise<Result>): Promise<Result> {
  const handle = handleOf(span);
  try {
    return await work(handle);
  } catch (error) {
    // Its message may have data.
    handle.fail(error instanceof Error ? error.name : 'Error');
    throw error;
  } finally {
    span.end();
  }
}

function handleOf(span: OtelSpan): Span {
  return {
    set: (attributes) => void span.setAttributes(plain(attributes)),
    fail: (type) => void span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR }),
  };
}

function contextOf(parent: RemoteParent | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, flags } = parent;
  const traceFlags = Number.parseInt(flags, 16);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

function flagsOf(traceFlags: number): string {
  return traceFlags.toString(16).padStart(2, '0');
}

function plain(attributes: Attributes = {}): OtelAttributes {
  const known = Object.entries(attributes).map(
    ([name, value]) => [name, typeof value === 'object' ? [...value] : value] as const,
  );
  return Object.fromEntries(known);
}

function isSpan(value: unknown): value is OtelSpan {
  return typeof value === 'object' && value !== null && 'spanContext' in value;
}

/** Says once a minute that the collector takes nothing: nobody else would. Spans that do not fit the queue are dropped. */
function saying(exporter: SpanExporter, logger: Logger): SpanExporter {
  let saidAt = -Infinity;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const { error } = result;
        if (error !== undefined && performance.now() - saidAt >= SAY_EVERY) {
          saidAt = performance.now();
          const code = 'code' in error ? String(error.code) : error.name;
          logger.warn({ code, spans: spans.length }, 'traces could not be sent to the collector');
        }
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
