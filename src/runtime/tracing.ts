export type Attributes = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** A piece of work of a trace, while it lasts. */
export interface Span {
  set(attributes: Attributes): void;
  /** @param type of the error (OpenTelemetry's `error.type`) */
  fail(type: string): void;
}

/** The span of a request to this service. */
export interface ServerSpan extends Span {
  /** As in the request's log line, its events, and `traceparent`. */
  readonly trace: { readonly traceId: string; readonly flags: string };
  /** All that `task` begins, and what that begins, is within the span. */
  run(task: () => void): void;
  end(): void;
}

/** The caller's `traceparent`. */
export interface RemoteParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: string;
}

export interface SpanOptions {
  readonly kind?: 'internal' | 'client';
  readonly attributes?: Attributes;
  /** What the span belongs to, if that is not the work that is going on here: the first is the parent, the others are links. */
  readonly of?: readonly unknown[];
  /** Begins a trace of its own. */
  readonly root?: boolean;
}

const NO_SPAN: Span = { set: () => undefined, fail: () => undefined };

/** Records spans. This one records none, and costs nothing; with OTEL_EXPORTER_OTLP_ENDPOINT there is another. */
export class Tracing {
  /** Whether it records anything. */
  readonly on: boolean = false;

  /** Whether there is a span that others can be part of. */
  get active(): boolean {
    return false;
  }

  /** For `SpanOptions.of`: work that shares a statement with others is no longer within its own span. */
  get current(): unknown {
    return undefined;
  }

  /** The `traceparent` of a request that is sent within a span (W3C Trace Context); undefined without one. */
  get traceparent(): string | undefined {
    return undefined;
  }

  /** A span for `work`, if it is within another one or is to begin a trace. */
  span<Result>(
    _name: string,
    work: (span: Span) => Promise<Result>,
    _options?: SpanOptions,
  ): Promise<Result> {
    return work(NO_SPAN);
  }

  /** Undefined if none is recorded. */
  serve(_name: string, _attributes: Attributes, _parent: RemoteParent | undefined): ServerSpan | undefined {
    return undefined;
  }

  /** Sends what was recorded; for at most a second. */
  stop(): Promise<void> {
    return Promise.resolve();
  }
}

export const NO_TRACING = new Tracing();
