import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type Sandbox, startSandbox } from '../../sandbox/launcher.js';
import { launchChromium } from '../support/chromium.js';

const ROOT = join(__dirname, '..', '..');
const SCREENSHOTS = join(ROOT, 'test-results');
const AXE = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

describe('the console', () => {
  let folder: string;
  let sandbox: Sandbox;
  let browser: Browser;
  let page: Page;
  let lovell: string;
  const complaints: string[] = [];
  const hosts = new Set<string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bff-console-'));
    await mkdir(SCREENSHOTS, { recursive: true });
    const env = {
      ...{ PATH: process.env['PATH'], PORT: '0', SANDBOX_BILLING_PORT: '0', SANDBOX_IDP_PORT: '0' },
      ...{ SANDBOX_DATA_DIR: folder, LOG_LEVEL: 'warn', BILLING_API_TIMEOUT_MS: '1000' },
    };
    const bffEntry = join(ROOT, 'dist', 'main.js');
    sandbox = await startSandbox({ env, root: ROOT, bffEntry, signal: new AbortController().signal });
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(8_000);
    page.on('console', (message) => {
      // Chromium reports every answer of 400 and more; some of them are what the page is about.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => hosts.add(new URL(request.url()).origin));
    await signIn('ada');
  });

  afterAll(async () => {
    await browser.close();
    await sandbox.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const button = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  const link = (name: string): Promise<void> => page.getByRole('link', { name, exact: true }).first().click();
  const field = (label: string, text: string): Promise<void> =>
    page.getByLabel(label, { exact: true }).fill(text);
  /** Shows only operations that changed this field. */
  const filterBy = async (name: string): Promise<void> => {
    await page.locator('.timeline > li').nth(1).waitFor();
    const answered = page.waitForResponse((response) => response.url().includes(`field=${name}`));
    await page.getByLabel('Field', { exact: true }).selectOption(name);
    await answered;
    await page.locator('.timeline > li').nth(1).waitFor({ state: 'detached' });
  };
  const heading = (name: string): Promise<void> => page.getByRole('heading', { name }).waitFor();
  const at = (path: string): Promise<unknown> => page.evaluate(`location.hash = '#/${path}'`);
  const screenshot = async (name: string): Promise<void> => {
    await page.screenshot({ path: join(SCREENSHOTS, `console-${name}.png`), fullPage: true });
  };

  async function signIn(person: string): Promise<void> {
    await page.goto(`${sandbox.running.bff_url}/console`);
    await button(`Sign in as ${person}`);
    await heading('Customers');
  }

  /** As another person: `acme-web`. */
  async function somebodyElse(patch: object): Promise<void> {
    const { token_url: tokenUrl, bff_url: bffUrl } = sandbox.running;
    const form = {
      grant_type: 'client_credentials',
      client_id: 'acme-web',
      client_secret: 'acme-web-sandbox-secret',
    };
    const answer = await fetch(tokenUrl, { method: 'POST', body: new URLSearchParams(form) });
    const { access_token } = (await answer.json()) as { access_token: string };
    const headers = { Authorization: `Bearer ${access_token}`, 'Content-Type': 'application/json' };
    const url = `${bffUrl}/api/v1/customers/lovell`;
    const patched = await fetch(url, { method: 'PATCH', headers, body: JSON.stringify(patch) });
    expect(patched.status).toBe(200);
  }

  /** What axe finds that is serious. */
  async function serious(): Promise<string[]> {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate<{
      violations: { id: string; impact: string; nodes: { html: string }[] }[];
    }>('axe.run()');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
  }

  it('finds a customer', async () => {
    await field('Name, e-mail or alias', 'lovell');
    await button('Search');
    await page.getByText('Page 1 of 1, 1 customers').waitFor();
    expect(await serious()).toEqual([]);
    await screenshot('customers');
    await page
      .getByRole('row', { name: /lovell/ })
      .getByRole('link')
      .click();
    await page.getByRole('link', { name: 'Change', exact: true }).waitFor();
    lovell = await page.evaluate<string>('location.hash.split("/")[2]');
  });

  it('changes a customer: faults in place, a preview, what became of it', async () => {
    await link('Change');
    await field('Billing e-mail', 'nobody');
    await page.getByLabel('Country (two letters)', { exact: true }).first().fill('Germany');
    await button('Preview');
    await page.locator('[id="billing_email-fault"]').waitFor();
    expect(await page.locator('[aria-invalid]').count()).toBe(2);
    expect(await page.locator('[id="billing_email-fault"]').innerText()).toBe('must be an e-mail address');
    expect(await serious()).toEqual([]);
    await screenshot('faults');
    await field('Billing e-mail', 'lovell@example.com');
    await page.getByLabel('Country (two letters)', { exact: true }).first().fill('DE');
    await field('Alias', 'lovell');
    await button('Preview');
    await heading('What this will do');
    expect(await serious()).toEqual([]);
    await screenshot('preview');
    await button('Send');
    await heading('It is done');
    await link('What became of each field');
    await page.getByText('✓ applied').first().waitFor();
    await heading('In time');
    expect(await serious()).toEqual([]);
    await screenshot('operation');
  });

  it('says that a field cannot be cleared', async () => {
    await at(`change/${lovell}`);
    await field('Billing e-mail', '');
    await page.getByText('Billing e-mail stays as it is: the billing API cannot clear a field.').waitFor();
    expect(await page.getByRole('button', { name: 'Preview' }).isDisabled()).toBe(true);
  });

  it('shows what moved when somebody else was faster, and keeps what the person typed', async () => {
    await at(`customer/${lovell}`);
    await link('Change');
    await field('Name', 'Lovell by Ada');
    await somebodyElse({ phone: '+49 30 7777777' });
    await button('Preview');
    await heading('Somebody else changed this customer');
    await page.getByRole('row', { name: /Phone.*\+49 30 7777777/ }).waitFor();
    expect(await serious()).toEqual([]);
    await screenshot('conflict');
    await button('Keep my changes and look again');
    expect(await page.getByLabel('Phone', { exact: true }).inputValue()).toBe('+49 30 7777777');
    await button('Preview');
    await button('Send');
    await heading('It is done');
  });

  it('shows the timeline, with who did what, and takes filters', async () => {
    await at(`customer/${lovell}`);
    await heading('Lovell by Ada');
    const lines = page.locator('.timeline > li');
    await lines.nth(2).waitFor();
    expect(await lines.first().innerText()).toContain('ada');
    expect(await lines.nth(1).innerText()).toContain('acme-web');
    await filterBy('phone');
    await page.getByRole('link', { name: 'acme-web' }).waitFor();
    expect(await serious()).toEqual([]);
    await screenshot('customer');
  });

  it('turns an unknown outcome into its final word without a reload', async () => {
    await at('customers');
    await field('Name, e-mail or alias', 'applied-later');
    await button('Search');
    await page.getByText('Page 1 of 1, 1 customers').waitFor();
    await page
      .getByRole('row', { name: /applied-later/ })
      .getByRole('link')
      .click();
    await link('Change');
    await field('Name', `Known later ${Date.now()}`);
    await button('Preview');
    await button('Send');
    await heading('Nobody knows yet');
    await screenshot('unknown');
    await link('Watch it');
    await page.getByText('? unknown').first().waitFor();
    await page.getByText('✓ applied').first().waitFor({ timeout: 40_000 });
    await page.getByText('Final word').waitFor();
    await screenshot('known');
  });

  it('undoes an operation, says what cannot be undone, and the trail names what was undone', async () => {
    const operationOn = async (name: string): Promise<void> => {
      await at(`customer/${lovell}`);
      await filterBy(name);
      await page.locator('.timeline a').first().click();
      await link('Undo');
    };
    await operationOn('phone');
    await page.getByText("phone can't be undone. It was empty before").waitFor();
    await page.getByText('Nothing is left to undo.').waitFor();
    await operationOn('name');
    await page.getByText('To be put back: name.').waitFor();
    await button('Preview');
    await screenshot('undo');
    await button('Send');
    await heading('It is done');
    await at(`customer/${lovell}`);
    await page.getByText(/^undoes /).waitFor();
  });

  it('shows masks until the person asks for the values', async () => {
    await at(`customer/${lovell}`);
    await page.locator('.timeline td .value').first().waitFor();
    expect(await page.locator('.timeline').innerText()).not.toContain('+49 30 7777777');
    await page.getByLabel('Show clear values').check();
    await page.locator('.timeline').getByText('+49 30 7777777').waitFor();
    await page.getByText('each read of the trail is recorded').waitFor();
    await page.getByLabel('Show clear values').uncheck();
  });

  it('verifies the log, and names the place of what was altered in a copy', async () => {
    await at('log');
    await button('Use them all the same');
    await page.locator('#vkeys:not(:placeholder-shown)').waitFor();
    await button('Verify everything');
    await page.getByText(/✓ Valid\. All \d+ events/).waitFor();
    expect(await serious()).toEqual([]);
    await screenshot('log');
    const copy = join(folder, 'copy.ndjson');
    await writeFile(copy, (await exported()).replace('"sub":"ada"', '"sub":"eve"'));
    await page.locator('input[type=file]').setInputFiles(copy);
    await page.getByText(/✗ Not valid\. The event at leaf \d+ was altered\./).waitFor();
    await screenshot('log-altered');
    expect(await readFile(copy, 'utf8')).toContain('"sub":"eve"');
  });

  async function exported(): Promise<string> {
    const { token_url: tokenUrl, bff_url: bffUrl } = sandbox.running;
    const form = {
      grant_type: 'client_credentials',
      client_id: 'acme-web',
      client_secret: 'acme-web-sandbox-secret',
    };
    const answer = await fetch(tokenUrl, { method: 'POST', body: new URLSearchParams(form) });
    const { access_token } = (await answer.json()) as { access_token: string };
    const headers = { Authorization: `Bearer ${access_token}`, Accept: 'application/x-ndjson' };
    return (await fetch(`${bffUrl}/api/v1/audit-events`, { headers })).text();
  }

  it('verifies one event, and a copy that was altered', async () => {
    await at(`customer/${lovell}`);
    await page.locator('.timeline a', { hasText: 'Operation' }).nth(1).click();
    await page.getByRole('link', { name: 'intent' }).click();
    await button('Verify this event');
    await page.getByText(/✓ Valid\. The event is leaf \d+/).waitFor();
    const text = await page.locator('#event').inputValue();
    await page.locator('#event').fill(text.replace(/"sub": "[^"]+"/, '"sub": "eve"'));
    await button('Verify this event');
    await page.getByText(/✗ Not valid\. This is not the event at leaf/).waitFor();
    expect(await serious()).toEqual([]);
    await screenshot('event');
  });

  it('counts what happened', async () => {
    await at('overview');
    await heading('Patches a day');
    await page.getByText('The end of every patch is known.').waitFor();
    expect(await serious()).toEqual([]);
    await screenshot('overview');
  });

  it('fits a telephone, in the dark', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const path of ['overview', 'log', `customer/${lovell}`, `change/${lovell}`]) {
      await at(path);
      await page.locator('main h1').waitFor();
      await page.getByText('Loading…').first().waitFor({ state: 'detached' });
      expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 390]);
      expect([path, await serious()]).toEqual([path, []]);
      await screenshot(`narrow-${path.split('/')[0] ?? ''}`);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('works by keyboard alone', async () => {
    await page.goto(`${sandbox.running.bff_url}/console`);
    await page.getByRole('button', { name: 'Sign in as ada' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await heading('Customers');
    await page.getByLabel('Name, e-mail or alias').waitFor();
    for (let key = 0; key < 20; key += 1) {
      if ((await page.evaluate('document.activeElement.name')) === 'search') break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.type('lovell');
    await page.keyboard.press('Enter');
    await page.getByText('Page 1 of 1, 1 customers').waitFor();
  });

  it('rotates a tenant’s token', async () => {
    await signIn('operator');
    await at('tenants');
    const globex = page.locator('article', { hasText: 'globex' });
    await globex.getByRole('row').nth(1).waitFor();
    const before = await globex.getByRole('row').count();
    await globex.getByLabel('New billing token').fill('a-new-token-of-globex');
    await globex.getByRole('button', { name: 'Rotate' }).click();
    await globex.getByRole('row').nth(before).waitFor();
    expect(await page.content()).not.toContain('a-new-token-of-globex');
    expect(await serious()).toEqual([]);
    await screenshot('tenants');
  });

  it('asks no other host than the BFF and the login, and has no error', () => {
    expect(complaints).toEqual([]);
    const { bff_url: bffUrl, issuer } = sandbox.running;
    expect([...hosts].sort()).toEqual([bffUrl, issuer].sort());
  });
});
