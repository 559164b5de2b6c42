import * as faults from '../faults.js';
import { type FaultyExchange, StatefulUpstream, type Written } from '../stateful-upstream.js';
import { answerJson, CUSTOMER, type TestUpstream, type UpstreamRequest } from '../upstream.js';

const problem = (code: string): object => ({ code, message: 'No.' });
const comeBack = (seconds: string): faults.Wire =>
  faults.status(503, problem('X'), { 'Retry-After': seconds });

/** How an answer can fail. */
export const WIRES = {
  'own 500': faults.ownFailure,
  '500': faults.status(500, { error: 'x' }),
  '502': faults.gateway(502),
  reset: faults.reset,
  'reset in body': faults.resetInBody,
  hang: faults.hang,
  broken: faults.broken,
  'come back now': comeBack('0'),
  'come back in a second': comeBack('1'),
  'come back later': comeBack('3600'),
  '401': faults.status(401, problem('UNAUTHORIZED')),
} as const satisfies Record<string, faults.Wire>;
export type WireName = keyof typeof WIRES;

/** An answer that says for itself that nothing was done (U10); the service believes it. */
const BELIEVED: readonly WireName[] = ['401'];

/** `late`: it is done when somebody lets it land, if that is in time. */
export interface PatchFault {
  readonly wire: WireName;
  readonly does: 'nothing' | 'all' | 'late';
}

export interface Plan {
  readonly patch: readonly PatchFault[];
  readonly get: readonly (WireName | null)[];
}

/** A PATCH that arrived. */
export interface Received {
  readonly operationId: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Position in the history of the state that was in force. */
  readonly from: number;
}

/** Nothing lands later than this many milliseconds after it was received: the reconciler counts on it. */
const LANDS_WITHIN = 600_000;

/** The billing API of the model: faults are planned for one request of a caller, told by its `X-Request-Id`. */
export class ModelUpstream {
  readonly stateful: StatefulUpstream;
  readonly received: Received[] = [];
  /** Operations whose patch was applied and answered as if it had not been: that can't be told. */
  readonly liedAbout = new Set<string>();
  private readonly plans = new Map<string, { patch: PatchFault[]; get: (WireName | null)[] }>();
  private readonly hanging = new Map<string, number>();
  private landings: { readonly at: number; readonly land: () => void }[] = [];

  constructor(
    readonly upstream: TestUpstream,
    private readonly now: () => number,
  ) {
    this.stateful = new StatefulUpstream(upstream, now);
    this.reset();
  }

  get history(): readonly Written[] {
    return this.stateful.history;
  }

  get alias(): string {
    const { alias } = this.stateful.customer;
    return typeof alias === 'string' ? alias : 'no-alias';
  }

  plan(requestId: string, { patch, get }: Plan): void {
    this.plans.set(requestId, { patch: [...patch], get: [...get] });
  }

  /** Whether a caller's request waits for an answer that does not come. */
  hangs(requestId: string): boolean {
    return (this.hanging.get(requestId) ?? 0) > 0;
  }

  /** The next patch lands that is on its way. */
  land(): void {
    const next = this.landings.shift();
    if (next !== undefined && this.now() - next.at < LANDS_WITHIN) next.land();
  }

  /** From now on it works; what is on its way arrives, or is lost. */
  calm(arrives: boolean): void {
    this.plans.clear();
    while (arrives && this.landings.length > 0) this.land();
    this.landings = [];
  }

  /** A new customer, and nothing is remembered. */
  reset(): void {
    this.stateful.reset();
    this.stateful.always = {
      GET: (exchange) => {
        this.get(exchange);
      },
      PATCH: (exchange) => {
        this.patch(exchange);
      },
    };
    this.received.length = 0;
    this.liedAbout.clear();
    this.calm(false);
  }

  private get(exchange: FaultyExchange): void {
    const wire = this.plans.get(requestIdOf(exchange.request))?.get.shift() ?? null;
    if (wire !== null) this.fail(wire, exchange, this.stateful.customer);
    else if (this.isKnown(exchange.request)) answerJson(exchange.response, 200, exchange.serve());
    else answerJson(exchange.response, 404, problem('NOT_FOUND'));
  }

  private patch(exchange: FaultyExchange): void {
    const { request, response } = exchange;
    const operationId = String(request.headers['idempotency-key']);
    const body = JSON.parse(request.text) as Record<string, unknown>;
    this.received.push({ operationId, body, from: this.history.length - 1 });
    const fault = this.plans.get(requestIdOf(request))?.patch.shift();
    const serve = (): object => (this.isKnown(request) ? exchange.serve() : {});
    if (fault !== undefined) {
      if (fault.does === 'all' && BELIEVED.includes(fault.wire)) this.liedAbout.add(operationId);
      if (fault.does === 'late') this.landings.push({ at: this.now(), land: () => void serve() });
      this.fail(fault.wire, exchange, fault.does === 'all' ? serve() : {});
    } else if (this.isKnown(request)) answerJson(response, 200, serve());
    else answerJson(response, 404, problem('NOT_FOUND'));
  }

  private fail(wire: WireName, { request, response }: FaultyExchange, customer: object): void {
    if (wire === 'hang') {
      const id = requestIdOf(request);
      this.hanging.set(id, (this.hanging.get(id) ?? 0) + 1);
      response.once('close', () => this.hanging.set(id, (this.hanging.get(id) ?? 0) - 1));
    }
    WIRES[wire](response, customer);
  }

  private isKnown({ url }: UpstreamRequest): boolean {
    const ref = decodeURIComponent(url.split('/').at(-1) ?? '');
    return ref === CUSTOMER.id || ref === this.stateful.customer['alias'];
  }
}

function requestIdOf({ headers }: UpstreamRequest): string {
  return String(headers['x-request-id']);
}
