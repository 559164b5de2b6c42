import fc from 'fast-check';
import { COMMANDS } from './support/model/commands.js';
import { faultsOf } from './support/model/invariants.js';
import { ModelUpstream } from './support/model/model-upstream.js';
import { MortalBff } from './support/model/mortal-bff.js';
import { World } from './support/model/world.js';
import { SkippingClock } from './support/skipping-clock.js';
import { startBff, type TestBff } from './support/start-bff.js';

/** MODEL_RUNS raises it; MODEL_SEED, MODEL_PATH and MODEL_REPLAY repeat the counterexample that was printed. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 20);
const SEED = process.env['MODEL_SEED'];
const PATH = process.env['MODEL_PATH'];
const REPLAY = process.env['MODEL_REPLAY'];
/** How long histories are: `small` up to ten steps, `medium` up to a hundred. */
const SIZE = process.env['MODEL_SIZE'] === 'small' ? 'small' : 'medium';

const clock = new SkippingClock();
let home: TestBff;
let world: World;
beforeAll(async () => {
  home = await startBff({ clock });
  const upstream = new ModelUpstream(home.upstream, () => clock.now());
  const scope = 'customers:read customers:write';
  const token = await home.idp.token({ scope }, { expiresIn: 1e9 });
  const both = [await MortalBff.start(home, clock), await MortalBff.start(home, clock)] as [
    MortalBff,
    MortalBff,
  ];
  world = new World(home, clock, upstream, `Bearer ${token}`, both);
});
afterAll(async () => {
  await world.stop();
  await home.stop();
});

it(
  'whatever fails, the trail says of every patch what became of it',
  async () => {
    const runs = fc.asyncProperty(
      fc.commands(COMMANDS, { size: SIZE, ...(REPLAY === undefined ? {} : { replayPath: REPLAY }) }),
      fc.boolean(),
      async (commands, arrives) => {
        await fc.asyncModelRun(() => {
          world.begin();
          return { model: {}, real: world };
        }, commands);
        await world.comeToRest(arrives);
        expect(await faultsOf(world)).toEqual([]);
      },
    );
    await fc.assert(runs, {
      numRuns: RUNS,
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
      ...(PATH === undefined ? {} : { path: PATH }),
    });
  },
  60_000 + RUNS * 5_000,
);
