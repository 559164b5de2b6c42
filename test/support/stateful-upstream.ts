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

/**
 * A test upstream that remembers one customer, and whose answers can be made to fail: the first fault that is
 * planned for a method meets its next request, and so on; without any it behaves.
 */
export class StatefulUpstream {
  customer: Record<string, unknown> = { ...CUSTOMER };
  /** Every state that the customer was in, the first one included. */
  readonly states: Record<string, unknown>[] = [this.customer];
  private readonly faults = { GET: new Array<Fault>(), PATCH: new Array<Fault>() };
  /** Meets every request of its method for which no other fault is planned. */
  always: Partial<Record<'GET' | 'PATCH', Fault>> = {};

  constructor(private readonly upstream: TestUpstream) {
    upstream.answer = (request, response) => {
      this.answer(request, response);
    };
  }

  /** Lets the next requests of a method fail. */
  plan(method: 'GET' | 'PATCH', ...faults: Fault[]): void {
    this.faults[method].push(...faults);
  }

  /** As if somebody else had patched the customer. */
  write(patch: object): void {
    this.customer = { ...this.customer, ...patch };
    this.states.push(this.customer);
  }

  /** Forgets requests, faults and changes. */
  reset(): void {
    this.customer = { ...CUSTOMER };
    this.states.splice(0, Infinity, this.customer);
    this.faults.GET.length = 0;
    this.faults.PATCH.length = 0;
    this.always = {};
    this.upstream.requests.length = 0;
  }

  /** Methods of the requests so far. */
  get methods(): string[] {
    return this.upstream.requests.map(({ method }) => method);
  }

  private answer(request: UpstreamRequest, response: ServerResponse): void {
    const method = request.method === 'PATCH' ? 'PATCH' : 'GET';
    const fault = this.faults[method].shift() ?? this.always[method];
    const serve = (): object => {
      if (method === 'PATCH') this.write(storable(request.text));
      return this.customer;
    };
    if (fault === undefined) answerJson(response, 200, serve());
    else void fault({ request, response, serve });
  }
}

/** `is_tax_exempt` is in no answer (U2). */
function storable(text: string): object {
  const { is_tax_exempt: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return rest;
}
