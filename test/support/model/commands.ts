import fc from 'fast-check';
import { CUSTOMER_PATH } from '../start-bff.js';
import { type Plan, type WireName, WIRES } from './model-upstream.js';
import type { Side, Wish, World } from './world.js';

/** Nothing: the invariants are checked once all is over. */
export type Model = object;
type Command = fc.AsyncCommand<Model, World>;

interface Step extends Plan {
  readonly on: Side;
  readonly body: Readonly<Record<string, unknown>>;
  readonly byAlias: boolean;
  readonly key: string | null;
  readonly ifMatch: 'current' | 'old' | null;
  readonly crashAfter: number | null;
}

/** Few values, so that they meet each other again. */
const FIELDS = {
  name: fc.constantFrom('Acme GmbH', 'One', 'Two'),
  currency: fc.constantFrom('EUR', 'USD'),
  alias: fc.constantFrom('one', 'two'),
  is_tax_exempt: fc.boolean(),
};
const body = fc
  .record(FIELDS, { requiredKeys: [], noNullPrototype: true })
  .filter((fields) => Object.keys(fields).length > 0);
const side = fc.constantFrom<Side>(0, 1);
const wire = fc.constantFrom<WireName>(...(Object.keys(WIRES) as WireName[]));
const patchFault = fc.oneof(
  fc.record({ wire, does: fc.constantFrom('nothing' as const, 'all' as const) }),
  fc.record({ wire: fc.constantFrom<WireName>('502', 'hang', 'reset'), does: fc.constant('late' as const) }),
);
const plan = {
  patch: fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(patchFault, { maxLength: 2 }) },
  ),
  get: fc.array(fc.option(wire, { freq: 2 }), { maxLength: 4 }),
};
const crashAfter = fc.oneof(
  { weight: 7, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) },
);

class Patch implements Command {
  constructor(private readonly step: Step) {}

  check = (): boolean => true;

  async run(_: Model, world: World): Promise<void> {
    const { on, body: asked, byAlias, key, ifMatch, crashAfter: pieces, patch, get } = this.step;
    if (ifMatch === 'current' || world.tags.length === 0) await world.look(on);
    const tag = ifMatch === 'old' ? world.tags[0] : world.tags.at(-1);
    const headers = {
      ...(key === null ? {} : { 'Idempotency-Key': world.prefix + key }),
      ...(ifMatch === null || tag === undefined ? {} : { 'If-Match': tag }),
    };
    const path = byAlias ? `/api/v1/customers/${world.upstream.alias}` : CUSTOMER_PATH;
    await world.patch(on, { path, body: asked, headers }, { patch, get }, pieces ?? undefined);
  }

  toString = (): string => `patch(${JSON.stringify(this.step)})`;
}

/** The caller of an earlier patch with a key tries again. */
class Repeat implements Command {
  constructor(
    private readonly which: number,
    private readonly on: Side,
    private readonly faults: Plan,
  ) {}

  check = (): boolean => true;

  async run(_: Model, world: World): Promise<void> {
    const keyed: Wish[] = world.told.filter(({ headers }) => 'Idempotency-Key' in headers);
    const wish = keyed[this.which % Math.max(1, keyed.length)];
    if (wish === undefined) return;
    const { path, body: asked, headers } = wish;
    await world.patch(this.on, { path, body: asked, headers }, this.faults);
  }

  toString = (): string => `repeat(${this.which}, ${this.on}, ${JSON.stringify(this.faults)})`;
}

/** Anything else that can happen. */
class Event implements Command {
  constructor(
    private readonly name: string,
    private readonly happen: (world: World) => Promise<void> | void,
  ) {}

  check = (): boolean => true;

  async run(_: Model, world: World): Promise<void> {
    await this.happen(world);
  }

  toString = (): string => this.name;
}

const patch = fc
  .record({
    on: side,
    body,
    byAlias: fc.boolean(),
    key: fc.option(fc.constantFrom('k1', 'k2'), { freq: 2 }),
    ifMatch: fc.option(fc.constantFrom('current' as const, 'old' as const), { freq: 1 }),
    crashAfter,
    ...plan,
  })
  .map((step) => new Patch(step));
const repeat = fc
  .tuple(fc.nat({ max: 5 }), side, fc.record(plan))
  .map(([which, on, faults]) => new Repeat(which, on, faults));
const write = body.map(
  (values) =>
    new Event(`write(${JSON.stringify(values)})`, (world) => {
      const { is_tax_exempt: _, ...visible } = values;
      world.upstream.stateful.write(visible);
    }),
);
const land = fc.constant(
  new Event('land', (world) => {
    world.upstream.land();
  }),
);
const crash = side.map((on) => new Event(`crash(${on})`, (world) => world.crash(on)));
const skip = fc
  .constantFrom(1_001, 5_001, 16_000, 61_000, 120_001, 600_001)
  .map((ms) => new Event(`skip(${ms})`, (world) => world.skip(ms)));

export const COMMANDS = [patch, patch, patch, patch, repeat, write, land, crash, skip, skip];
