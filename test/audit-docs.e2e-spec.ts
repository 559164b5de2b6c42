import { readFile } from 'node:fs/promises';
import canonicalize from 'canonicalize';
import { sql } from 'kysely';
import { leafHash } from './support/second-log.js';
import { startBff, type TestBff } from './support/start-bff.js';

let bff: TestBff;
beforeAll(async () => (bff = await startBff()));
afterAll(() => bff.stop());

it('every SQL example of the page for auditors runs, and finds what it says', async () => {
  await bff.patch({ name: 'Acme AG' });
  const page = await readFile('docs/for-auditors.md', 'utf8');
  const examples = [...page.matchAll(/```sql\n([^]*?)```/g)].map(([, text = '']) => text);
  const found = await Promise.all(examples.map((text) => sql.raw(text).execute(bff.database.kysely)));
  const rows = found.map((result) => result.rows);
  const leaves = (await bff.events(2)).toReversed().map(({ id, ...event }) => ({
    id,
    leaf: leafHash(canonicalize({ id, ...event }) ?? '').toString('base64'),
  }));
  expect(rows).toEqual([
    [
      expect.objectContaining({ phase: 'outcome', outcome: 'applied', field: 'name' }),
      expect.objectContaining({ phase: 'intent', field: 'name', after: 'A***' }),
    ],
    [expect.objectContaining({ outcome: 'applied' })],
    leaves,
    [],
  ]);
});
