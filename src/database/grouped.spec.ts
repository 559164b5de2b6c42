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

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('calls of one turn share a statement, and those that come while it runs the next one', async () => {
  const { grouped, statements } = started();
  const first = [grouped.call(['a', 1]), grouped.call(['b', 2])];
  await turn();
  const second = [grouped.call(['c', 3]), grouped.call(['d', 4])];
  await turn();
  expect(statements.map(({ items }) => items.length)).toEqual([2]);
  statements[0]?.answer();
  await expect(Promise.all(first)).resolves.toEqual(['a1', 'b2']);
  await turn();
  statements[1]?.answer();
  await expect(Promise.all(second)).resolves.toEqual(['c3', 'd4']);
});

it('a statement never has two items with the same key, nor more than the limit', async () => {
  const { grouped, statements } = started(2);
  const all = (['a', 'a', 'b', 'c', 'a'] as const).map((key, n) => grouped.call([key, n]));
  for (let n = 0; n < 4; n += 1) {
    await turn();
    statements[n]?.answer();
  }
  await expect(Promise.all(all)).resolves.toEqual(['a0', 'a1', 'b2', 'c3', 'a4']);
  expect(statements.map(({ items }) => items.map(([key]) => key))).toEqual([['a', 'b'], ['a', 'c'], ['a']]);
});

it('a failure is that of its own statement only', async () => {
  const { grouped, statements } = started(1);
  const all = Promise.allSettled([grouped.call(['a', 1]), grouped.call(['b', 2])]);
  await turn();
  statements[0]?.fail();
  await turn();
  statements[1]?.answer();
  await expect(all).resolves.toMatchObject([{ status: 'rejected' }, { value: 'b2' }]);
  const later = grouped.call(['c', 3]);
  await turn();
  statements[2]?.answer();
  await expect(later).resolves.toBe('c3');
});
