import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Locator, Page } from 'playwright-core';
import { type BrowserSandbox, openSandboxInBrowser } from '../support/browser-sandbox.js';

const EXAMPLE = join(__dirname, '..', '..', 'client', 'example', 'serve.mjs');

/** The example of the docs (client/example), on an origin of its own, with the typed client. */
describe('a form on another origin', () => {
  let opened: BrowserSandbox;
  let example: ChildProcess;
  let page: Page;

  beforeAll(async () => {
    opened = await openSandboxInBrowser({ name: 'other-origin', viewport: { width: 900, height: 900 } });
    ({ page } = opened);
    const { bff_url: BFF_URL, issuer: ISSUER } = opened.sandbox.running;
    example = spawn(process.execPath, [EXAMPLE], {
      env: { PATH: process.env['PATH'], EXAMPLE_PORT: '0', BFF_URL, ISSUER },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await page.goto(await addressOf(example));
  });

  afterAll(async () => {
    example.kill();
    await opened.stop();
  });

  const field = (label: string): Locator => page.getByLabel(label, { exact: true });
  const save = (): Promise<void> => page.getByRole('button', { name: 'Save', exact: true }).click();
  const status = (text: string): Promise<void> => page.getByRole('status').getByText(text).waitFor();
  const screenshot = (name: string): Promise<void> => opened.screenshot(name);
  const faultOf = (place: string): Promise<string> => page.locator(`[id="${place}"]`).innerText();
  async function open(alias: string): Promise<void> {
    await page.getByLabel('Customer', { exact: true }).selectOption(alias);
    await shows('/alias', alias);
  }
  async function shows(place: string, value: string): Promise<void> {
    await page.waitForFunction(`document.querySelector('[name="${place}"]').value === '${value}'`);
  }

  it('signs in, shows a customer and saves what was changed', async () => {
    await open('lovell');
    await field('Name').fill('Lovell & Sons');
    await save();
    await status('Saved.');
    await page.reload();
    await shows('/name', 'Lovell & Sons');
  });

  it('shows the customer that was chosen last, whichever answer comes first', async () => {
    await open('lovell');
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/api/v1/customers/failed', async (route) => {
      await held;
      await route.fallback();
    });
    const asked = page.waitForRequest('**/api/v1/customers/failed');
    await page.getByLabel('Customer', { exact: true }).selectOption('failed');
    const late = await asked;
    await open('lovell');
    answer();
    await late.response();
    await field('Phone').fill('+49 30 1234');
    await save();
    await status('Saved.');
    await shows('/alias', 'lovell');
  });

  it('shows every fault below its field', async () => {
    await open('lovell');
    await field('Billing e-mail').fill('nobody');
    await field('Country').fill('Germany');
    await save();
    await status('Not saved. /billing_email must be an e-mail address');
    expect(await page.locator('input[aria-invalid="true"]').count()).toBe(2);
    expect(await faultOf('/billing_email')).toBe('must be an e-mail address');
    expect(await faultOf('/billing_address/country')).toBe(
      'must be an ISO 3166-1 alpha-2 code in upper case, or XK',
    );
    await screenshot('faults');
  });

  it('shows what the billing API refuses below its field, too', async () => {
    await open('alias-taken');
    await field('Alias').fill('lovell');
    await save();
    await status('A customer with this alias already exists');
    expect(await faultOf('/alias')).toBe('was refused by the billing API');
    await screenshot('alias-taken');
  });

  describe('when somebody else was faster', () => {
    beforeEach(async () => {
      await open('lovell');
      await page.getByRole('button', { name: 'Somebody else changes the phone' }).click();
      await status('Somebody else has just set the phone number');
    });

    it('shows both, and saves ours on top', async () => {
      await field('Name').fill('Lovell, on top');
      await save();
      const dialog = page.getByRole('dialog');
      await dialog.waitFor();
      const cells = await dialog.locator('td').allInnerTexts();
      const rows = [cells.slice(0, 4), cells.slice(4)];
      expect(rows.map(([name]) => name)).toEqual(['phone', 'name']);
      expect(rows[0]?.[1]).not.toBe(rows[0]?.[2]);
      expect(rows[0]?.[2]).toBe(rows[0]?.[3]);
      expect(rows[1]).toEqual(['name', 'Lovell & Sons', 'Lovell & Sons', 'Lovell, on top']);
      await screenshot('conflict');
      await dialog.getByRole('button', { name: 'Save mine' }).click();
      await status('Saved.');
      expect([await field('Name').inputValue(), await field('Phone').inputValue()]).toEqual([
        'Lovell, on top',
        rows[0]?.[2],
      ]);
    });

    it('or takes theirs', async () => {
      await field('Name').fill('Never saved');
      await save();
      await page.getByRole('dialog').getByRole('button', { name: 'Discard mine' }).click();
      await shows('/name', 'Lovell, on top');
    });
  });

  it('says that the outcome is not known, and then what it is, without a second patch', async () => {
    await open('applied-later');
    await field('Name').fill('Applied a little later');
    let patches = 0;
    page.on('request', (request) => {
      if (request.method() === 'PATCH') patches += 1;
    });
    await save();
    await status('Not known yet');
    await screenshot('unknown');
    await status('Saved.');
    await screenshot('resolved');
    expect([patches, await field('Name').inputValue()]).toEqual([1, 'Applied a little later']);
  });

  it('has nothing to complain about', () => {
    expect(opened.complaints).toEqual([]);
  });
});

/** The address that the example prints. */
async function addressOf(example: ChildProcess): Promise<string> {
  if (example.stdout === null) throw new Error('no output');
  for await (const line of createInterface(example.stdout)) {
    const [url] = /http:\S+/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('the example did not start');
}
