import { nextTurn } from '../runtime/turns.js';
import { Grouped } from './grouped.js';

type Key = readonly [key: string, n: number];

/** Each statement is answered when the test says so. */
function started(limit = 10) {
  const statements: { items: readonly Key[]; answer: () => void; fail: () => void }[] = [];
  const grouped = new Grouped<Key, string>(
    (items) =>
      new Promise((resolve, reject) => {
        statements.push({
          items,
          answer: () => {
            resolve(items.map(([key, n]) => `${key}${n}`));
          },
          fail: () => {
            reject(new Error('gone'));
          },
        });
      }),
    ([key]) => key,
    limit,
  );
  return { grouped, statements };
}

/** The statement with this number, within a few turns of the event loop. */
async function nth<Statement>(statements: readonly Statement[], n: number): Promise<Statement | undefined> {
  for (let turns = 0; turns < 5 && statements.length <= n; turns += 1) await nextTurn();
  return statements[n];
}

it('calls of one turn share a statement, and those that come while it runs the next one', async () => {
  const { grouped, statements } = started();
  const first = [grouped.call(['a', 1]), grouped.call(['b', 2])];
  const running = await nth(statements, 0);
  const second = [grouped.call(['c', 3]), grouped.call(['d', 4])];
  await expect(nth(statements, 1)).resolves.toBeUndefined();
  running?.answer();
  await expect(Promise.all(first)).resolves.toEqual(['a1', 'b2']);
  (await nth(statements, 1))?.answer();
  await expect(Promise.all(second)).resolves.toEqual(['c3', 'd4']);
  expect(statements.map(({ items }) => items.length)).toEqual([2, 2]);
});

it('calls of different callbacks share a statement, too, if they come in one turn', async () => {
  const { grouped, statements } = started();
  const calls = (['a', 'b'] as const).map((key) => nextTurn().then(() => grouped.call([key, 1])));
  (await nth(statements, 0))?.answer();
  await expect(Promise.all(calls)).resolves.toEqual(['a1', 'b1']);
  expect(statements).toHaveLength(1);
});

it('a statement never has two items with the same key, nor more than the limit', async () => {
  const { grouped, statements } = started(2);
  const all = (['a', 'a', 'b', 'c', 'a'] as const).map((key, n) => grouped.call([key, n]));
  for (let n = 0; n < 3; n += 1) (await nth(statements, n))?.answer();
  await expect(Promise.all(all)).resolves.toEqual(['a0', 'a1', 'b2', 'c3', 'a4']);
  expect(statements.map(({ items }) => items.map(([key]) => key))).toEqual([['a', 'b'], ['a', 'c'], ['a']]);
});

it('a failure is that of its own statement only', async () => {
  const { grouped, statements } = started(1);
  const all = Promise.allSettled([grouped.call(['a', 1]), grouped.call(['b', 2])]);
  (await nth(statements, 0))?.fail();
  (await nth(statements, 1))?.answer();
  await expect(all).resolves.toMatchObject([{ status: 'rejected' }, { value: 'b2' }]);
  const later = grouped.call(['c', 3]);
  (await nth(statements, 2))?.answer();
  await expect(later).resolves.toBe('c3');
});
