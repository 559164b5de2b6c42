import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Sandbox } from '../../sandbox/launcher.js';
import { ConsolePage, patchedBy } from '../support/console-page.js';

const PAST = [
  {
    at: lastMay(),
    act: (then: Sandbox) => patchedBy(then, 'ada', 'ada-engines', { vat_number: 'DE999000222' }),
  },
  {
    at: lastTuesday(),
    act: (then: Sandbox) =>
      patchedBy(then, 'ada', 'ada-engines', { billing_address: { line1: 'Neue Strasse 1', country: 'DE' } }),
  },
];

describe('the questions that people come with', () => {
  let ui: ConsolePage;
  beforeAll(async () => {
    ui = await ConsolePage.open('console-questions', PAST);
  });
  afterAll(() => ui.opened.stop());

  it('tells who changed the VAT number in May, and whether it worked', async () => {
    await ui.openCustomer('ada-engines');
    await ui.page.getByRole('button', { name: 'History of VAT number' }).click();
    await ui.page.getByLabel('Month', { exact: true }).selectOption(lastMay().toISOString().slice(0, 7));
    await ui.settled();
    await ui.sees('1 operation: 1 applied.');
    expect(await ui.lines.first().innerText()).toMatch(
      /May.*ada[^]*VAT number: \*\*\*111 → \*\*\*222[^]*✓ applied/,
    );
    await ui.screenshot('vat-in-may');
  });

  it('tells whether Ada’s last change arrived, whoever the customer is', async () => {
    await patchedBy(ui.sandbox, 'ada', 'lovell', { phone: '+1 713 555 0100' });
    await ui.link('Changes');
    await ui.heading('Changes');
    await ui.lines.first().getByRole('button', { name: 'ada' }).click();
    await ui.settled();
    expect(await ui.lines.first().innerText()).toMatch(/ada[^]*Phone: [^]*✓ applied/);
    await ui.sees('3 operations: 3 applied.');
    await ui.screenshot('changes');
  });

  it('puts back last Tuesday’s address', async () => {
    await ui.openCustomer('ada-engines');
    await ui.row(/Billing address.*Tue/);
    await ui.link('Undo the last change of Billing address');
    await ui.row(/Neue Strasse 1, DE.*Musterweg 12, Hinterhaus, .*will change/);
    await ui.screenshot('undo-address');
    await ui.button('Put back');
    await ui.heading('It is done');
  });

  it('gives somebody else what the verifier takes', async () => {
    const saved = async (name: string): Promise<string> => {
      const [download] = await Promise.all([ui.page.waitForEvent('download'), ui.button(name)]);
      const path = join(ui.opened.folder, download.suggestedFilename());
      await download.saveAs(path);
      return path;
    };
    await ui.openCustomer('lovell');
    await ui.link('Details');
    await ui.link('Prove this to somebody else');
    await ui.heading('Prove it to somebody else');
    const files = [await saved('Download the event'), await saved('Download its proof')] as const;
    expect(await readFile(files[0], 'utf8')).not.toContain('"clear"');
    const keys = join(ui.opened.folder, 'vkeys.txt');
    await writeFile(keys, await ui.trail('audit-log/keys'));
    const { stdout } = await run('node', [
      'scripts/audit-verify.mjs',
      files[0],
      '--proof',
      files[1],
      '--keys',
      keys,
    ]);
    expect(stdout).toMatch(/^valid: /);
  });
});

const run = promisify(execFile);

/** The nineteenth, at noon: in no time zone in another month. */
function lastMay(): Date {
  const now = new Date();
  const year = now.getUTCMonth() > 4 ? now.getUTCFullYear() : now.getUTCFullYear() - 1;
  return new Date(Date.UTC(year, 4, 19, 12));
}

/** At noon; not today. */
function lastTuesday(): Date {
  const now = new Date();
  const ago = ((now.getUTCDay() + 4) % 7) + 1;
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() - ago, 12));
}
