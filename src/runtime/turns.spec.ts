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
});

it('slices hold every item once, in order', () => {
  expect([...slices([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
  expect([...slices([], 2)]).toEqual([]);
});
