import type { BillingAnswer } from './billing-answers.js';
import type { Outcome } from './billing-api.js';
import type { CustomerPatch, StoredCustomer } from './billing-customer.js';

/** A customer for whom the billing API misbehaves in one way, every time. */
export interface Scenario {
  /** Alias of its customer. */
  readonly alias: string;
  /** What the billing API does with a PATCH. */
  readonly does: string;
  /** What the caller of the BFF gets. */
  readonly answer: string;
  readonly patch?: Behaviour;
  readonly read?: Behaviour;
}

export type Behaviour = (turn: Turn) => Outcome | Promise<Outcome>;

/** A request about a scenario's customer. */
export interface Turn {
  /** The customer as it is now. */
  readonly customer: StoredCustomer;
  /** The fields of the PATCH; empty for a read. */
  readonly asked: Readonly<Record<string, unknown>>;
  /** Whether this is the first PATCH of its operation (`Idempotency-Key`), and no second try. */
  readonly firstTry: boolean;
  /** Milliseconds since the customer's last PATCH, this one not counted; `Infinity` if there was none. */
  readonly sincePatch: number;
  /** Longer than the BFF waits for an answer, in milliseconds. */
  readonly tooLateMs: number;
  /** Shorter than that, but so that it is noticed. */
  readonly slowMs: number;
  /** Carries the request out and returns its answer; call it at most once. */
  readonly serve: () => BillingAnswer;
  /** Somebody else changes the customer. Returns the customer as it is then. */
  readonly changeElsewhere: (patch: CustomerPatch) => StoredCustomer;
  /** An operator puts a newer token of the tenant into the BFF's vault. */
  readonly rotateToken: () => Promise<void>;
  readonly pause: (milliseconds: number) => Promise<void>;
}
