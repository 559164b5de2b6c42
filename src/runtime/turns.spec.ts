import { ManualClock } from '../../test/support/manual-clock.js';
import { slices, Turns } from './turns.js';

describe('Turns', () => {
  const clock = new ManualClock();
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('let one slice at a time through, and then everything else for as long as it took', async () => {
    const turns = new Turns(clock);
    const done: string[] = [];
    const slice = (name: string, ms: number) => (): void => {
      clock.advance(ms);
      done.push(name);
    };
    void turns.take(slice('a', 5));
    void turns.take(slice('b', 1));
    await settled();
    expect(done).toEqual(['a']);
    clock.advance(4);
    await settled();
    expect(done).toEqual(['a']);
    clock.advance(1);
    await settled();
    expect(done).toEqual(['a', 'b']);
  });

  it('go on after a slice that fails', async () => {
    const turns = new Turns(clock);
    const failing = turns.take(() => {
      throw new Error('no');
    });
    const next = turns.take(() => 'next');
    await expect(failing).rejects.toThrow('no');
    await settled();
    clock.advance(1);
    expect(await next).toBe('next');
  });

  it('let new connections go first, for a quarter of a second at most', async () => {
    const turns = new Turns(clock);
    let rounds = 0;
    let over = false;
    // One connection arrives in each turn of the event loop.
    const arrive = (): void => {
      if (over) return;
      rounds += 1;
      clock.advance(10);
      turns.giveWay();
      setImmediate(arrive);
    };
    arrive();
    await turns.take(() => undefined);
    expect(rounds).toBeGreaterThanOrEqual(25);
    expect(rounds).toBeLessThan(30);
    over = true;
  });

  it('begin at once where no connection arrives', async () => {
    const turns = new Turns(clock);
    turns.giveWay();
    let began = false;
    void turns.take(() => {
      began = true;
    });
    await settled();
    await settled();
    expect(began).toBe(true);
  });

  it('map a list slice by slice, in order', async () => {
    const turns = new Turns(clock);
    const seen: number[] = [];
    const mapped = turns.map([1, 2, 3, 4, 5], 2, (item) => {
      if (item % 2 === 1) clock.advance(1);
      seen.push(item);
      return item * 10;
    });
    await settled();
    expect(seen).toEqual([1, 2]);
    clock.advance(1);
    await settled();
    expect(seen).toEqual([1, 2, 3, 4]);
    clock.advance(1);
    expect(await mapped).toEqual([10, 20, 30, 40, 50]);
  });
});

it('slices hold every item once, in order', () => {
  expect([...slices([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
  expect([...slices([], 2)]).toEqual([]);
});
