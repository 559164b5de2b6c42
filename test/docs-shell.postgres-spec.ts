import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ACME_CLIENT } from '../sandbox/seeds.js';
import { requestToken } from '../sandbox/token-request.js';
import { poll } from '../sandbox/wait.js';
import { type Block, blocksOf, DOCUMENTS, printedBy, withAddresses } from './support/documents.js';
import { startTestSandbox, type TestSandbox } from './support/test-sandbox.js';

// Needs bash, curl and jq, so it is not among the tests that need no other program.

const execute = promisify(execFile);
const MARK = '--- the block at line ';

const pages = DOCUMENTS.map((file) => ({
  file,
  blocks: blocksOf(file).filter(({ language }) => language === 'sh'),
}));

it.each(pages.flatMap(({ blocks }) => blocks).filter(({ info }) => info !== ''))(
  '$file, line $line, is not run, and says why: $info',
  ({ info }) => {
    expect(info).toMatch(/^not-run: .{10}/);
  },
);

describe('the commands of', () => {
  let sandbox: TestSandbox;
  let folder: string;

  beforeAll(async () => {
    // The stand-in of the billing API shares this process: on a busy machine it may take longer than a second.
    sandbox = await startTestSandbox({ BILLING_API_TIMEOUT_MS: '4000' });
    folder = await mkdtemp(join(tmpdir(), 'docs-'));
    await execute('npx', ['tsc', '-p', 'tsconfig.sandbox.json', '--noCheck']);
    // The repository, where files that commands write are not left in it.
    const hidden = ['.git', 'data', 'test-results'];
    for (const name of readdirSync('.'))
      if (!hidden.includes(name)) await symlink(resolve(name), join(folder, name));
  });
  afterAll(async () => {
    await sandbox.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const run = pages
    .map(({ file, blocks }) => ({ file, blocks: blocks.filter(({ info }) => info === '') }))
    .filter(({ blocks }) => blocks.length > 0);

  it.each(run)('$file run in a row, and print what it says', async ({ file, blocks }) => {
    if (file !== 'README.md') await sealed();
    const printed = await outputsOf(blocks);
    for (const [place, block] of blocks.entries()) {
      const output = printed[place] ?? '';
      const said = [...block.text.matchAll(/# ([45]\d\d)/g)].map(([, status]) => status);
      expect({ file, line: block.line, failed: statusesOf(output) }).toEqual({
        file,
        line: block.line,
        failed: said,
      });
      const expected = printedBy(block);
      if (expected !== undefined) expect(output).toBe(expected);
    }
  });

  it('the README shows what npm run try prints', async () => {
    const [block] = blocksOf('README.md').filter(({ info }) => info.startsWith('printed, with'));
    const { stdout } = await execute('npm', ['run', '--silent', 'try'], options());
    const heads = (text: string): string[] =>
      text
        .trim()
        .split('\n')
        .map((line) =>
          (/^ {2}[a-z_]+|^[A-Z][^\d]*|^ {2}\S/.exec(line)?.[0] ?? '').replaceAll(/[\d:.]+/g, '#'),
        );
    expect(heads(stdout)).toEqual(heads(block?.text ?? ''));
  });

  const options = (): { cwd: string; env: Record<string, string | undefined>; timeout: number } => ({
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], SANDBOX_DATA_DIR: sandbox.folder },
    timeout: 60_000,
  });

  /** What each block printed. All blocks of a page are one script: later ones use what earlier ones set. */
  async function outputsOf(blocks: readonly Block[]): Promise<string[]> {
    const script = blocks.map(({ line, text }) => `echo '${MARK}${line}'\n${running(text)}`).join('\n');
    const { stdout } = await execute('bash', ['-euc', script], options());
    return stdout.split(new RegExp(`^${MARK}\\d+\\n`, 'm')).slice(1);
  }

  /** The sandbox runs already. */
  const running = (text: string): string =>
    withAddresses(text, sandbox.addresses).replaceAll(/^.*\bnpm start\b/gm, ':');

  /** Resolves when the newest patch is in the log. */
  async function sealed(): Promise<void> {
    const token = await requestToken(sandbox.sandbox.running.token_url, ACME_CLIENT);
    const newest = async (): Promise<true | undefined> => {
      const answer = await fetch(
        `${sandbox.addresses.bff}/api/v1/audit-events?action=customer.patch&limit=1`,
        {
          headers: { authorization: `Bearer ${token}` },
        },
      );
      const { data } = (await answer.json()) as { data: { leaf_index: number | null }[] };
      return data.every(({ leaf_index: leaf }) => leaf !== null) ? true : undefined;
    };
    await poll(newest, { deadlineMs: 10_000, everyMs: 50 });
  }
});

/** The failures among the statuses that `curl -w '%{http_code}'` prints. */
function statusesOf(output: string): string[] {
  return [...output.matchAll(/^([45]\d\d)$/gm)].map(([, status = '']) => status);
}
