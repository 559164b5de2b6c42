import type { ServerResponse } from 'node:http';
import { answerJson, CUSTOMER, TestUpstream, type UpstreamRequest } from './upstream.js';

/** One request as a fault sees it. */
export interface FaultyExchange {
  readonly request: UpstreamRequest;
  readonly response: ServerResponse;
  /** Does what was asked; a read does nothing. Answers the customer. */
  readonly serve: () => object;
}

/** Takes the place of an answer. */
export type Fault = (exchange: FaultyExchange) => void | Promise<void>;

type State = Readonly<Record<string, unknown>>;

/** How the customer came to be in a state. */
export interface Written {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `Idempotency-Key` of the patch; null when it was not one of ours. */
  readonly by: string | null;
  readonly state: State;
}

/**
 * A test upstream that remembers one customer, and whose answers can be made to fail: the first fault that is
 * planned for a method meets its next request, and so on; without any it behaves.
 */
export class StatefulUpstream {
  /** Every state that the customer was in, the first one included, oldest first. */
  readonly history: Written[];
  private readonly faults = { GET: new Array<Fault>(), PATCH: new Array<Fault>() };
  /** Meets every request of its method for which no other fault is planned. */
  always: Partial<Record<'GET' | 'PATCH', Fault>> = {};

  /** @param now milliseconds since the epoch */
  constructor(
    private readonly upstream: TestUpstream,
    private readonly now: () => number = Date.now,
  ) {
    this.history = [this.first()];
    upstream.answer = (request, response) => {
      this.answer(request, response);
    };
  }

  get customer(): State {
    return this.history.at(-1)?.state ?? CUSTOMER;
  }

  get states(): readonly State[] {
    return this.history.map(({ state }) => state);
  }

  /** Lets the next requests of a method fail. */
  plan(method: 'GET' | 'PATCH', ...faults: Fault[]): void {
    this.faults[method].push(...faults);
  }

  /** As if somebody else had patched the customer, unless it is one of ours. */
  write(patch: object, by: string | null = null): void {
    this.history.push({ at: this.now(), by, state: { ...this.customer, ...patch } });
  }

  /** Forgets requests, faults and changes. */
  reset(): void {
    this.history.splice(0, Infinity, this.first());
    this.faults.GET.length = 0;
    this.faults.PATCH.length = 0;
    this.always = {};
    this.upstream.requests.length = 0;
  }

  /** Methods of the requests so far. */
  get methods(): string[] {
    return this.upstream.requests.map(({ method }) => method);
  }

  private first(): Written {
    return { at: this.now(), by: null, state: CUSTOMER };
  }

  private answer(request: UpstreamRequest, response: ServerResponse): void {
    const method = request.method === 'PATCH' ? 'PATCH' : 'GET';
    const fault = this.faults[method].shift() ?? this.always[method];
    const serve = (): object => {
      const key = request.headers['idempotency-key'];
      if (method === 'PATCH') this.write(storable(request.text), typeof key === 'string' ? key : null);
      return this.customer;
    };
    if (fault === undefined) answerJson(response, 200, serve());
    else void fault({ request, response, serve });
  }
}

/** What of a patch is in answers: `is_tax_exempt` is not (U2). */
function storable(text: string): object {
  const { is_tax_exempt: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return rest;
}
