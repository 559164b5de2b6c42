import { letPass } from '../passing-time.js';
import type { SkippingClock } from '../skipping-clock.js';
import { CUSTOMER_PATH, type TestAnswer, type TestBff } from '../start-bff.js';
import type { ModelUpstream, Plan } from './model-upstream.js';
import { MortalBff } from './mortal-bff.js';

/** Real milliseconds that something gets to come to rest; what waits for skipped time does not. */
const PATIENCE = 250;
/** Real milliseconds until what has to happen must have happened. */
const DEADLINE = 10_000;

/** A patch as its caller sends it. */
export interface Wish {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A patch that was sent, and what its caller was told. */
export interface Told extends Wish {
  readonly requestId: string;
  readonly by: MortalBff;
  answer?: TestAnswer;
  /** The connection broke, or its instance died. */
  lost: boolean;
}

export type Side = 0 | 1;

/** Two instances on one database, their billing API and their callers. */
export class World {
  readonly told: Told[] = [];
  readonly tags: string[] = [];
  private run = 0;
  private readonly buried: Promise<void>[] = [];

  constructor(
    readonly home: TestBff,
    readonly clock: SkippingClock,
    readonly upstream: ModelUpstream,
    private readonly authorization: string,
    private readonly instances: [MortalBff, MortalBff],
  ) {}

  /** Another customer, as it were: nothing of the run before is left. */
  begin(): void {
    this.run += 1;
    this.told.length = 0;
    this.tags.length = 0;
    this.upstream.reset();
  }

  /** What begins the ids of all requests of this run. */
  get prefix(): string {
    return `run${this.run}-`;
  }

  /** Sends a patch and waits until it is answered, or hangs. @param crashAfter pieces of talk with the database */
  async patch(side: Side, wish: Wish, plan: Plan, crashAfter?: number): Promise<void> {
    const by = this.instances[side];
    await this.heal(by);
    const requestId = `${this.prefix}${this.told.length}`;
    this.upstream.plan(requestId, plan);
    const told: Told = { ...wish, requestId, by, lost: false };
    this.told.push(told);
    if (crashAfter !== undefined) by.crashAfter(crashAfter);
    const headers = { ...wish.headers, Authorization: this.authorization, 'X-Request-Id': requestId };
    by.bff.send('PATCH', wish.path, wish.body, headers).then(
      (answer) => {
        if (!by.dead) told.answer = answer;
      },
      () => (told.lost = true),
    );
    await until(() => by.dead || isOver(told) || this.upstream.hangs(requestId), PATIENCE);
    by.spare();
    if (by.dead) await this.replace(side);
  }

  /** Remembers the tag that the customer has now. */
  async look(side: Side): Promise<void> {
    const by = this.instances[side];
    await this.heal(by);
    const headers = { Authorization: this.authorization };
    const { headers: answered } = await by.bff.send('GET', CUSTOMER_PATH, undefined, headers);
    const tag = answered.get('etag');
    if (tag !== null) this.tags.push(tag);
  }

  async crash(side: Side): Promise<void> {
    this.instances[side].crash();
    await this.replace(side);
  }

  /** What falls due meanwhile is done, as far as it does not hang again. */
  async skip(ms: number): Promise<void> {
    await letPass(this.home, this.clock, ms);
    let reconciled = false;
    void Promise.all(this.instances.map((each) => each.reconciling)).then(() => (reconciled = true));
    const waiting = (): boolean =>
      this.told.some((told) => !isOver(told) && !this.upstream.hangs(told.requestId));
    await until(() => reconciled && !waiting(), PATIENCE);
  }

  /** The billing API works, and time goes on until nothing is left to be done. */
  async comeToRest(arrives: boolean): Promise<void> {
    this.upstream.calm(arrives);
    const deadline = Date.now() + DEADLINE;
    for (const step of cycle([16_000, 61_000, 600_001])) {
      for (const each of this.instances) await this.heal(each);
      await this.skip(step);
      if (this.told.every(isOver) && (await this.open()) === 0) break;
      if (Date.now() > deadline) throw new Error(`${await this.open()} operations stay open`);
    }
  }

  async open(): Promise<number> {
    const rows = await this.home.database.kysely.selectFrom('operation').select('id').execute();
    return rows.length;
  }

  async stop(): Promise<void> {
    for (const each of this.instances) this.bury(each);
    await Promise.all(this.buried);
  }

  /** A token that was refused, or a breaker that opened, would hide everything that comes after. */
  private heal({ bff }: MortalBff): Promise<void> {
    return bff.forgetFailures();
  }

  private async replace(side: Side): Promise<void> {
    const gone = this.instances[side];
    for (const told of this.told) if (told.by === gone && told.answer === undefined) told.lost = true;
    this.bury(gone);
    this.instances[side] = await MortalBff.start(this.home, this.clock);
  }

  private bury(instance: MortalBff): void {
    this.buried.push(instance.stop().catch(() => undefined));
  }
}

function isOver({ answer, lost }: Told): boolean {
  return answer !== undefined || lost;
}

function* cycle(steps: readonly number[]): Generator<number> {
  for (;;) yield* steps;
}

/** Resolves when it holds, or has had its time. */
async function until(holds: () => boolean, ms: number): Promise<void> {
  const deadline = Date.now() + ms;
  while (!holds() && Date.now() < deadline) await new Promise((next) => setImmediate(next));
}
