import { ManualClock } from '../../test/support/manual-clock.js';
import { Ids } from './ids.js';

const timeIn = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

it('an id begins with its time, also with a clock that stands still, jumps or goes back', () => {
  const clock = new ManualClock();
  const ids = new Ids(clock);
  const start = clock.now();
  const seen: string[] = [];
  let highest = start;
  for (const time of [start, start, start + 1, start + 9_999, start + 5, start - 1, start + 90_001]) {
    clock.now = () => time;
    highest = Math.max(highest, time);
    const { id, at } = ids.timed();
    expect([timeIn(id), at.getTime()]).toEqual([highest, highest]);
    seen.push(id);
  }
  expect([...seen].sort()).toEqual(seen);
  expect(new Set(seen).size).toBe(seen.length);
});

it('ids are at most ten seconds ahead of the clock: one that was wrong for a moment does not date all that follow', () => {
  const clock = new ManualClock();
  const ids = new Ids(clock);
  const start = clock.now();
  const idsAt = (time: number): number[] => {
    clock.now = () => time;
    return Array.from({ length: 2 }, () => timeIn(ids.timed().id));
  };
  const ahead = start + 90 * 24 * 60 * 60_000;
  expect(idsAt(ahead)).toEqual([ahead, ahead]);
  expect(idsAt(start)).toEqual([start, start]);
  expect(idsAt(start - 10_000)).toEqual([start, start]);
  expect(idsAt(start - 10_001)).toEqual([start - 10_001, start - 10_001]);
});
