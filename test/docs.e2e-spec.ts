import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import type { Problem } from 'billing-bff-client';
import { repeatAfter, type Repeat } from '../client/src/retries.js';
import { PROBLEMS } from '../src/http/problem.js';
import { blocksOf, DOCUMENTS, printedBy, withAddresses } from './support/documents.js';
import { requestToken } from '../sandbox/token-request.js';
import { ACME_CLIENT } from '../sandbox/seeds.js';
import { startTestSandbox, type TestSandbox } from './support/test-sandbox.js';

const execute = promisify(execFile);

describe.each([...DOCUMENTS, 'CONTRIBUTING.md', 'llms.txt'])('%s', (file) => {
  const document = readFileSync(file, 'utf8').replaceAll(/```[^]*?```/g, '');
  const links = [...document.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);

  it('links to what is there', () => {
    const dead = links.filter((link) => !link.startsWith('http') && !isThere(link, file));
    expect(dead).toEqual([]);
  });
});

function isThere(link: string, from: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : normalize(join(dirname(from), path));
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsOf(target).includes(anchor);
}

/** As GitHub makes them. */
function anchorsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('SECURITY.md', () => {
  const document = readFileSync('SECURITY.md', 'utf8').replaceAll(/```[^]*?```/g, '');

  it('lists the lines of ASVS that are not met', () => {
    const rows = [...document.matchAll(/^\| ([\d.–]+) +\| not met/gm)].map(([, number]) => number);
    const listed = /^\*\*Not met\*\*, (\d+) lines, .*: (.*)\.$/m.exec(document);
    expect(listed?.slice(1)).toEqual([String(rows.length), rows.join(', ')]);
  });
  // `test/file`: "name of a test", "name of another"
  const named = [...document.matchAll(/`((?:test|src)\/[\w./-]+spec\.ts)`((?:[:,] "[^"\n]+")*)/g)].flatMap(
    ([, file = '', names = '']) =>
      [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => [file, name] as const),
  );

  it('names tests that are there', () => {
    expect(named.length).toBeGreaterThan(80);
    expect(named.filter(([file, name]) => !hasTest(file, name))).toEqual([]);
  });

  it('names a test of each file that it names', () => {
    const files = [...document.matchAll(/[\w./-]+spec\.ts/g)].map(([file]) => file);
    expect(new Set(files)).toEqual(new Set(named.map(([file]) => file)));
    expect(files).toHaveLength([...document.matchAll(/spec\.ts`: "/g)].length);
  });
});

/** @param name as the file writes it; `…` stands for any words */
function hasTest(file: string, name: string): boolean {
  if (!existsSync(file)) return false;
  const words = name.split('…').map((part) => part.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`\\(\\s*(['"\`])${words.join('[^\\n]*')}\\1,`).test(readFileSync(file, 'utf8'));
}

/** The cells of a document's tables, without marks. */
function rowsOf(file: string): string[][] {
  return [...readFileSync(file, 'utf8').matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) =>
    row.split(' | ').map((cell) => cell.replaceAll('`', '').trim()),
  );
}

it('docs/reference/problems.md has every problem, with its status and code', () => {
  const rows = rowsOf('docs/reference/problems.md').filter(([slug = '']) => slug in PROBLEMS);
  const told = rows.map(([slug = '', status, code]) => [slug, Number(status), code]);
  const problems = Object.entries(PROBLEMS).map(([slug, [status, code]]) => [slug, status, code]);
  expect(told).toEqual(expect.arrayContaining(problems));
  expect(told).toHaveLength(problems.length);
});

it('docs/services.md says of every problem what the client does', () => {
  const does: Record<Repeat, RegExp> = {
    repeat: /repeats/,
    'new-token': /new token, once, and repeats/,
    never: /never repeats|mends|sends|asks a person|reads again/,
    'wait-for-outcome': /waits for the outcome/,
  };
  const told = new Set<string>();
  for (const [status, type = '', , client = ''] of rowsOf('docs/services.md')) {
    const [slug = '', outcome] = type.split(', ');
    if (!(slug in PROBLEMS)) continue;
    told.add(slug);
    expect([slug, Number(status)]).toEqual([slug, PROBLEMS[slug as keyof typeof PROBLEMS][0]]);
    const unknown = outcome === 'unknown' || slug === 'billing-timeout';
    const problem = { type: `urn:billing-bff:problem:${slug}`, outcome: unknown ? 'unknown' : undefined };
    expect(`${slug}: ${client}`).toMatch(does[repeatAfter(problem as Problem)]);
  }
  expect([...told].sort()).toEqual(Object.keys(PROBLEMS).sort());
});

const snippets = DOCUMENTS.flatMap(blocksOf).filter(({ language }) => language === 'ts');

it.each(snippets.filter(({ info }) => info.startsWith('file=')))('$file shows $info as it is', (block) => {
  expect(block.text).toBe(readFileSync(block.info.slice('file='.length), 'utf8'));
});

describe('TypeScript', () => {
  // In the repository, so that imports find the client.
  const folder = join('test-results', 'snippets');
  const run = snippets.filter(({ info }) => info === '').map((block, place) => ({ ...block, place }));
  let sandbox: TestSandbox;

  beforeAll(async () => {
    sandbox = await startTestSandbox();
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const { place, text } of run)
      await writeFile(join(folder, `snippet-${place}.ts`), withAddresses(text, sandbox.addresses));
    const compilerOptions = {
      ...{ module: 'nodenext', target: 'ES2022', lib: ['ES2023', 'DOM'], types: ['node'], strict: true },
      ...{
        skipLibCheck: true,
        noEmitOnError: true,
        noUncheckedIndexedAccess: true,
        moduleDetection: 'force',
      },
    };
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    await execute('npx', ['tsc', '-p', folder]).catch((error: unknown) => {
      throw new Error(`the snippets do not compile:\n${(error as { stdout: string }).stdout}`);
    });
  });
  afterAll(() => sandbox.stop());

  it.each(run)('of $file, line $line, compiles and runs', async (block) => {
    const token = await requestToken(sandbox.sandbox.running.token_url, ACME_CLIENT);
    const options = { env: { PATH: process.env['PATH'], TOKEN: token }, timeout: 30_000 };
    const { stdout, stderr } = await execute(
      process.execPath,
      [join(folder, `snippet-${block.place}.js`)],
      options,
    );
    expect({ stdout, stderr }).toEqual({ stdout: printedBy(block) ?? stdout, stderr: '' });
  });
});
