import { setTimeout as sleep } from 'node:timers/promises';
import type { BillingApi, Intercept, ReceivedRequest } from './billing-api.js';
import { patched } from './billing-customer.js';
import type { Scenario, Turn } from './scenario.js';
import { isRecord } from './shape.js';

export interface ScenarioOptions {
  billing: BillingApi;
  /** The tenant of the scenarios' customers. */
  tenant: string;
  /** By the id of the customer. */
  scenarios: ReadonlyMap<string, Scenario>;
  /** `BILLING_API_TIMEOUT_MS` of the BFF. */
  timeoutMs: number;
  /**
   * Puts a newer token of the tenant into the BFF's vault.
   * @param used the token of the request
   */
  rotateToken: (used: string) => Promise<void>;
  /** Milliseconds; any origin. */
  now?: () => number;
  pause?: (milliseconds: number) => Promise<void>;
}

/** Operations whose first try is remembered. */
const REMEMBERED = 1_000;
/** What "too late" is later than the time-out, in milliseconds: the BFF has read the customer by then. */
const LATER_MS = 1_000;

/**
 * Lets the billing API misbehave for the customers of scenarios, and for nobody else. Nothing is used up: the same
 * PATCH does the same again.
 */
export function scenarioIntercept(options: ScenarioOptions): Intercept {
  const { billing, tenant, scenarios, timeoutMs, rotateToken } = options;
  const { now = () => performance.now(), pause = pauseInBackground } = options;
  const tried = new Set<string>();
  const patchedAt = new Map<string, number>();

  return (request, serve, found) => {
    const scenario = found?.tenant === tenant ? scenarios.get(found.customer.id) : undefined;
    if (found === undefined || scenario === undefined) return serve();
    const { customer } = found;
    const isPatch = request.method === 'PATCH';
    const behaviour = isPatch ? scenario.patch : scenario.read;
    const turn: Turn = {
      customer,
      asked: bodyOf(request),
      firstTry: isPatch && isNew(tried, request.headers['idempotency-key']),
      sincePatch: now() - (patchedAt.get(customer.id) ?? -Infinity),
      tooLateMs: timeoutMs + LATER_MS,
      slowMs: timeoutMs / 2,
      serve,
      changeElsewhere: (patch) => {
        const changed = patched(billing.customer(tenant, customer.id) ?? customer, patch);
        billing.putCustomer(tenant, changed);
        return changed;
      },
      rotateToken: () => rotateToken(/\S+$/.exec(request.headers.authorization ?? '')?.[0] ?? ''),
      pause,
    };
    if (isPatch) patchedAt.set(customer.id, now());
    return behaviour === undefined ? serve() : behaviour(turn);
  };
}

/** The BFF sends the operation's id as `Idempotency-Key`. Without one, every PATCH is a first try. */
function isNew(tried: Set<string>, key: string | string[] | undefined): boolean {
  if (typeof key !== 'string') return true;
  if (tried.has(key)) return false;
  tried.add(key);
  for (const oldest of tried) {
    if (tried.size <= REMEMBERED) break;
    tried.delete(oldest);
  }
  return true;
}

function bodyOf({ body }: ReceivedRequest): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** Keeps no process alive. */
const pauseInBackground = (milliseconds: number): Promise<void> =>
  sleep(milliseconds, undefined, { ref: false });
