import { Queue, type Queued } from './queue.js';

interface Caller extends Queued<Caller> {
  readonly name: string;
}

function callers(names: string): Caller[] {
  return Array.from(names, (name) => ({ name, queue: undefined, before: undefined, after: undefined }));
}

function namesIn(queue: Queue<Caller>): string {
  return [...queue].map(({ name }) => name).join('');
}

it('keeps the order of arrival, whoever leaves', () => {
  for (const leaver of ['a', 'b', 'c', 'd']) {
    const queue = new Queue<Caller>();
    const all = callers('abcd');
    for (const one of all) queue.add(one);
    for (const one of all) if (one.name === leaver) Queue.leave(one);
    const others = 'abcd'.replace(leaver, '');
    expect([queue.size, queue.first?.name, namesIn(queue)]).toEqual([3, others[0], others]);
    for (const one of callers('e')) queue.add(one);
    expect(namesIn(queue)).toBe(`${others}e`);
  }
});

it('an item is in one queue at a time, at its end', () => {
  const [one, other] = [new Queue<Caller>(), new Queue<Caller>()];
  const all = callers('abc');
  for (const item of all) one.add(item);
  for (const item of all.slice(0, 1)) one.add(item);
  expect(namesIn(one)).toBe('bca');
  for (const item of all) other.add(item);
  expect([one.size, one.first, namesIn(one), other.size, namesIn(other)]).toEqual([
    0,
    undefined,
    '',
    3,
    'abc',
  ]);
});

it('what has left leads to nothing, and may leave again', () => {
  const queue = new Queue<Caller>();
  const all = callers('abc');
  for (const one of all) queue.add(one);
  for (const one of all) {
    Queue.leave(one);
    Queue.leave(one);
  }
  expect(all.map(({ queue: at, before, after }) => [at, before, after])).toEqual(
    all.map(() => [undefined, undefined, undefined]),
  );
  expect([queue.size, queue.first]).toEqual([0, undefined]);
});

it('who is visited may leave', () => {
  const queue = new Queue<Caller>();
  for (const one of callers('abc')) queue.add(one);
  const visited: string[] = [];
  for (const one of queue) {
    visited.push(one.name);
    Queue.leave(one);
  }
  expect([visited, queue.size]).toEqual([['a', 'b', 'c'], 0]);
});
