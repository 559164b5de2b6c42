import { ManualClock } from '../../test/support/manual-clock.js';
import { Poller } from './poller.js';

describe('Poller', () => {
  const clock = new ManualClock();
  let ends: (() => void)[];
  let poller: Poller;
  beforeEach(() => {
    ends = [];
    poller = new Poller(clock, 1_000, () => new Promise((resolve) => ends.push(resolve)));
    poller.start();
  });

  it('waits before each time, and for the end of the time before', async () => {
    clock.advance(999);
    expect(ends).toHaveLength(0);
    clock.advance(1);
    clock.advance(10_000);
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await poller.idle;
    clock.advance(1_000);
    expect(ends).toHaveLength(2);
  });

  it('ends when it is stopped, once the task has', async () => {
    clock.advance(1_000);
    let ended = false;
    const stopping = poller.stop().then(() => (ended = true));
    await Promise.resolve();
    expect([poller.stopped, ended]).toEqual([true, false]);
    ends[0]?.();
    await stopping;
    clock.advance(10_000);
    expect(ends).toHaveLength(1);
  });

  it('goes on after a task that fails, and tells of it', async () => {
    const told: unknown[] = [];
    const failing = () => Promise.reject(new Error('a bug'));
    const other = new Poller(clock, 1_000, failing, (error) => told.push(error));
    other.start();
    for (let turn = 1; turn <= 2; turn += 1) {
      clock.advance(1_000);
      await other.idle;
      expect(told).toHaveLength(turn);
    }
    await other.stop();
  });

  it('is never run when it is stopped first', async () => {
    await poller.stop();
    clock.advance(10_000);
    expect(ends).toHaveLength(0);
  });
});
