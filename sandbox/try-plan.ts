import { BROKEN_TENANTS, type BrokenTenant } from './broken-tenants.js';
import { SandboxFault } from './fault.js';
import { freshPatch } from './fresh-patch.js';
import { SCENARIOS } from './scenarios.js';
import {
  ACME,
  ACME_CLIENT,
  BILLING_TENANTS,
  FIRST_CUSTOMER,
  PLATFORM_CLIENT,
  SCENARIO_CUSTOMERS,
} from './seeds.js';
import type { Client } from './token-grant.js';

/** One patch to try. */
export interface Plan {
  /** What the billing API will do; undefined if it behaves. */
  readonly story: string | undefined;
  readonly client: Pick<Client, 'id'>;
  /** Added if it is not there; its id is sent as `X-Tenant-Id`. */
  readonly tenant: BrokenTenant | undefined;
  readonly customerId: string;
  /** Whether the `ETag` of the read before is sent in `If-Match`. */
  readonly ifMatch: boolean;
  /** @param before the customer as it was read; undefined if it could not be read */
  readonly body: (before: Readonly<Record<string, unknown>> | undefined) => Record<string, unknown>;
}

/** The name of the scenario that is the best example of it. */
const UNKNOWN = { name: 'unknown', alias: 'applied-later' };

/**
 * The patch that `npm run try -- <name>` sends.
 * @param run nine random digits, so that each run has different values
 * @throws SandboxFault if there is no such name
 */
export function planFor(name: string | undefined, run: number): Plan {
  const usual = { client: ACME_CLIENT, tenant: undefined, ifMatch: false };
  if (name === undefined) {
    const currencies = BILLING_TENANTS.find(({ id }) => id === ACME)?.currencies ?? [];
    return {
      ...usual,
      story: undefined,
      customerId: FIRST_CUSTOMER.id,
      body: () => freshPatch(run, currencies),
    };
  }
  const alias = name === UNKNOWN.name ? UNKNOWN.alias : name;
  const fresh = { name: `Example No. ${run}` };
  for (const [customerId, { scenario }] of SCENARIO_CUSTOMERS) {
    if (scenario.alias !== alias) continue;
    const story = `The billing API ${scenario.does}.`;
    const ifMatch = alias === 'changed-meanwhile';
    const body: Plan['body'] =
      alias === 'raced'
        ? (before) => ({ ...fresh, phone: before?.phone })
        : () => ({ ...fresh, ...EXTRA[alias] });
    return { ...usual, story, customerId, ifMatch, body };
  }
  const tenant = BROKEN_TENANTS.find(({ id }) => id === alias);
  if (tenant === undefined)
    throw new SandboxFault(`There is nothing to try by the name ${name}: see --list.`);
  const story = `The billing API ${tenant.does}.`;
  return {
    ...usual,
    ...{ story, client: PLATFORM_CLIENT, tenant, customerId: FIRST_CUSTOMER.id, body: () => fresh },
  };
}

/** Where another field than the name makes the point. */
const EXTRA: Partial<Record<string, Record<string, unknown>>> = {
  'alias-taken': { alias: 'lovell' },
};

/** What `npm run try -- --list` prints. */
export function tryList(): string[] {
  const rows = [...SCENARIOS, ...BROKEN_TENANTS.map(({ id, does, answer }) => ({ alias: id, does, answer }))];
  const width = (texts: string[]): number => Math.max(...texts.map(({ length }) => length)) + 2;
  const [name, does] = [width(rows.map(({ alias }) => alias)), width(rows.map((row) => row.does))];
  return [
    `  ${'name'.padEnd(name)}${'The billing API …'.padEnd(does)}The caller gets`,
    ...rows.map((row) => `  ${row.alias.padEnd(name)}${row.does.padEnd(does)}${row.answer}`),
    '',
    `npm run try -- <name> tries one; ${UNKNOWN.name} is ${UNKNOWN.alias}.`,
  ];
}
