import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type Page } from 'playwright-core';
import { startSandbox } from '../../sandbox/launcher.js';
import { launchChromium } from '../support/chromium.js';

const ROOT = join(__dirname, '..', '..');
const SCREENSHOTS = join(ROOT, 'test-results');

describe('Swagger UI on the sandbox', () => {
  let folder: string;
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bff-browser-'));
    await mkdir(SCREENSHOTS, { recursive: true });
    const env = {
      PATH: process.env['PATH'],
      PORT: '0',
      SANDBOX_BILLING_PORT: '0',
      SANDBOX_IDP_PORT: '0',
      SANDBOX_DATA_DIR: folder,
      LOG_LEVEL: 'warn',
    };
    const bffEntry = join(ROOT, 'dist', 'main.js');
    sandbox = await startSandbox({ env, root: ROOT, bffEntry, signal: new AbortController().signal });
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  });

  afterAll(async () => {
    await browser.close();
    await sandbox.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('begins with where to start, and shows the whole patch on three screens', async () => {
    page.setDefaultTimeout(6_000);
    await page.goto(`${sandbox.running.bff_url}/`);
    expect(page.url()).toBe(`${sandbox.running.bff_url}/docs`);
    const patch = page.locator('#operations-Customers-patchCustomer');
    await patch.waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, 'swagger-ui-start.png') });
    expect(await page.locator('.opblock').first().getAttribute('id')).toBe(
      'operations-Customers-patchCustomer',
    );
    await patch.locator('.opblock-summary-control').click();
    await patch.locator('.responses-wrapper').waitFor();
    await patch.screenshot({ path: join(SCREENSHOTS, 'swagger-ui-patch.png') });
    const { height = Infinity } = (await patch.boundingBox()) ?? {};
    expect(height).toBeLessThanOrEqual(3 * 900);

    await patch
      .getByRole('tab', { name: 'Schema' })
      .or(patch.getByRole('button', { name: 'Schema' }))
      .first()
      .click();
    await patch.getByText('Your own name for the customer').first().waitFor();
    await patch.screenshot({ path: join(SCREENSHOTS, 'swagger-ui-schema.png') });
    const conflict = patch.locator('.response[data-code="412"]');
    await conflict.getByRole('button', { name: 'Example' }).click();
    await patch.locator('.response[data-code="412"]').getByText('"#/phone"').first().waitFor();
    await patch.locator('.opblock-summary-control').click();

    await page.goto(`${sandbox.running.bff_url}/problems/precondition-failed`);
    await page.screenshot({ path: join(SCREENSHOTS, 'problem.png') });
    expect(complaints).toEqual([]);
  });

  it('authorises in two clicks and patches a customer with “Try it out”', async () => {
    page.setDefaultTimeout(6_000);
    await page.goto(`${sandbox.running.bff_url}/docs`);
    await page.getByRole('button', { name: 'Authorize', exact: true }).click();
    const dialog = page.locator('.auth-container').filter({ hasText: 'clientCredentials' });
    await dialog.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
    await dialog.getByRole('button', { name: 'Remove authorization' }).waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, 'swagger-ui-authorised.png') });
    await page.getByRole('button', { name: 'Close' }).first().click();

    const preview = page.locator('#operations-Preview-previewCustomerPatch');
    await preview.locator('.opblock-summary-control').click();
    await preview.getByRole('button', { name: 'Try it out' }).click();
    await preview.getByRole('button', { name: 'Execute' }).click();
    const shown = preview.locator('.live-responses-table');
    await shown.waitFor();
    await preview.screenshot({ path: join(SCREENSHOTS, 'swagger-ui-preview.png') });
    expect(await shown.locator('tbody .response-col_status').first().innerText()).toMatch(/^200/);
    expect(await shown.locator('tbody .response-col_description').first().innerText()).toContain(
      '"field": "name"',
    );
    await preview.locator('.opblock-summary-control').click();

    const patch = page.locator('#operations-Customers-patchCustomer');
    await patch.locator('.opblock-summary-control').click();
    await patch.getByRole('button', { name: 'Try it out' }).click();
    await patch.locator('textarea.body-param__text').fill('{"name": "Patched in a browser"}');
    await patch.getByRole('button', { name: 'Execute' }).click();
    const live = patch.locator('.live-responses-table');
    await live.waitFor();
    await live.screenshot({ path: join(SCREENSHOTS, 'swagger-ui-patched.png') });

    expect(await live.locator('tbody .response-col_status').first().innerText()).toMatch(/^200/);
    expect(await live.locator('tbody .response-col_description').first().innerText()).toContain(
      'Patched in a browser',
    );
    expect(complaints).toEqual([]);
  });

  it('patches with the example body as it stands', async () => {
    const patch = page.locator('#operations-Customers-patchCustomer');
    await patch.getByRole('button', { name: 'Reset' }).click();
    await patch.getByRole('button', { name: 'Execute' }).click();
    const live = patch.locator('.live-responses-table');
    await live.getByText('"Acme Berlin GmbH"').first().waitFor();
    expect(await live.locator('tbody .response-col_status').first().innerText()).toMatch(/^200/);
  });

  it('lists and searches customers', async () => {
    const list = page.locator('#operations-Customers-listCustomers');
    await list.locator('.opblock-summary-control').click();
    await list.getByRole('button', { name: 'Try it out' }).click();
    await list.locator('tr[data-param-name="search"] input').fill('lovell');
    await list.locator('tr[data-param-name="per_page"] input').fill('1');
    await list.getByRole('button', { name: 'Execute' }).click();
    const live = list.locator('.live-responses-table');
    await live.getByText('"lovell"').first().waitFor();
    expect(await live.locator('tbody .response-col_status').first().innerText()).toMatch(/^200/);
    expect(await live.locator('tbody .response-col_description').first().innerText()).toContain(
      '"per_page": 1',
    );
  });
});
