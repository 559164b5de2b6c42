import { ManualClock } from '../../test/support/manual-clock.js';
import { slices, Turns } from './turns.js';

describe('Turns', () => {
  const clock = new ManualClock();
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  const slice =
    (done: string[], name: string, ms: number): (() => void) =>
    () => {
      clock.advance(ms);
      done.push(name);
    };

  it('let one slice at a time through, and then everything else for as long as it took', async () => {
    const turns = new Turns(clock);
    const done: string[] = [];
    // Something else takes a millisecond of each turn of the event loop.
    let turnsSince = 0;
    let over = false;
    const work = (): void => {
      if (over) return;
      turnsSince = done.length === 1 ? turnsSince + 1 : turnsSince;
      clock.advance(1);
      setImmediate(work);
    };
    const first = turns.take(slice(done, 'a', 5));
    const second = turns.take(slice(done, 'b', 1));
    await first;
    work();
    await second;
    over = true;
    expect(done).toEqual(['a', 'b']);
    expect(turnsSince).toBeGreaterThanOrEqual(5);
    expect(turnsSince).toBeLessThan(9);
  });

  it('do not rest where nothing else is to be done', async () => {
    const turns = new Turns(clock);
    const done: string[] = [];
    await Promise.all([turns.take(slice(done, 'a', 5)), turns.take(slice(done, 'b', 1))]);
    expect(done).toEqual(['a', 'b']);
  });

  it('rest for as long as a slice took while connections arrive', async () => {
    const turns = new Turns(clock);
    const done: string[] = [];
    turns.giveWay();
    void turns.take(slice(done, 'a', 5));
    void turns.take(slice(done, 'b', 1));
    for (let n = 0; n < 10; n += 1) await settled();
    expect(done).toEqual(['a']);
    clock.advance(5);
    for (let n = 0; n < 10; n += 1) await settled();
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
    const mapped = turns.map([1, 2, 3, 4, 5], 2, (item) => item * 10);
    const between = turns.take(() => 'between');
    expect(await Promise.race([mapped, between])).toBe('between');
    expect(await mapped).toEqual([10, 20, 30, 40, 50]);
  });
});

it('slices hold every item once, in order', () => {
  expect([...slices([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
  expect([...slices([], 2)]).toEqual([]);
});
