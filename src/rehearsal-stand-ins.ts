import { type DynamicModule, Module } from '@nestjs/common';
import {
  DummyDriver,
  Kysely,
  type KyselyPlugin,
  type OperationNode,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type RootOperationNode,
  TableNode,
  type UnknownRow,
} from 'kysely';
import type { Dispatcher } from 'undici';
import { BILLING_AGENT } from './billing/transport.js';
import { Database } from './database/database.js';
import { Notifications } from './database/notifications.js';

/** The stand-ins for everything in `OutsideModule`. */
@Module({})
export class StandInsModule {
  /** @param tenant the row of the only tenant, with its token; @param customer what the billing API answers */
  static with(tenant: UnknownRow, customer: object): DynamicModule {
    const providers = [
      { provide: Database, useValue: standInDatabase(tenant) },
      { provide: BILLING_AGENT, useValue: { dispatch: dispatchTo(customer) } },
    ];
    return { module: StandInsModule, global: true, providers, exports: providers };
  }
}

function standInDatabase(
  tenant: UnknownRow,
): Pick<Database, 'kysely' | 'readers' | 'notifications' | 'pools' | 'ping'> {
  const kysely: Database['kysely'] = new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (database) => new PostgresIntrospector(database),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    plugins: [new StandInAnswers(tenant)],
  });
  const ping = (): Promise<void> => Promise.resolve();
  return { kysely, readers: kysely, notifications: new Notifications(), pools: [], ping };
}

/** Every statement succeeds. The database is empty, except for a tenant, and keeps nothing. */
class StandInAnswers implements KyselyPlugin {
  private readonly inserts = new WeakSet();
  private readonly ofTenants = new WeakSet();

  constructor(private readonly tenant: UnknownRow) {}

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    if (node.kind === 'InsertQueryNode') this.inserts.add(queryId);
    if (node.kind === 'SelectQueryNode' && node.from?.froms.some(isTenants) === true)
      this.ofTenants.add(queryId);
    return node;
  }

  transformResult({ queryId }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    if (this.ofTenants.has(queryId)) return Promise.resolve({ rows: [this.tenant] });
    return Promise.resolve({ rows: this.inserts.has(queryId) ? [{}] : [] });
  }
}

function isTenants(from: OperationNode): boolean {
  return TableNode.is(from) && from.table.identifier.name === 'tenant';
}

/** Answers every request at once: the customer, with the fields of the patch if it is one. */
function dispatchTo(customer: object): Dispatcher['dispatch'] {
  return ({ body }, handler) => {
    const patch: unknown = typeof body === 'string' ? JSON.parse(body) : {};
    const answer = Buffer.from(JSON.stringify({ ...customer, ...Object(patch) }));
    const headers = { 'content-type': 'application/json', 'content-length': String(answer.length) };
    setImmediate(() => {
      handler.onRequestStart?.(CONTROLLER, {});
      handler.onResponseStart?.(CONTROLLER, 200, headers);
      handler.onResponseData?.(CONTROLLER, answer);
      handler.onResponseEnd?.(CONTROLLER, {});
    });
    return true;
  };
}

const nothing = (): void => undefined;
const CONTROLLER: Dispatcher.DispatchController = {
  aborted: false,
  paused: false,
  reason: null,
  abort: nothing,
  pause: nothing,
  resume: nothing,
};
