import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CLIENTS, SCENARIO_CUSTOMERS } from './seeds.js';

const DOCS = readFileSync(path.join(__dirname, '..', 'docs', 'sandbox.md'), 'utf8');
const rows = DOCS.split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

it.each([...SCENARIO_CUSTOMERS].map(([id, { scenario }]) => ({ id, ...scenario })))(
  'docs/sandbox.md says what happens to $alias',
  ({ id, alias, does, answer }) => {
    expect(rows.filter(([, name]) => name === `\`${alias}\``)).toEqual([
      ['', `\`${alias}\``, `\`${id}\``, does, answer, ''],
    ]);
  },
);

it.each(CLIENTS)('docs/sandbox.md says who $id is', ({ id, secret, uses, tenant }) => {
  expect(secret).toBe(`${id}-sandbox-secret`);
  expect(rows.find(([, name]) => name === `\`${id}\``)).toMatchObject([
    '',
    `\`${id}\``,
    uses === undefined ? 'a service' : 'a person',
    tenant === undefined ? 'any; it sends `X-Tenant-Id`' : `\`${tenant}\``,
    expect.any(String),
    '',
  ]);
});
