import type { Page } from 'playwright-core';
import { OFFERED_CUSTOMERS } from '../../sandbox/seeds.js';
import { type BrowserSandbox, openSandboxInBrowser } from '../support/browser-sandbox.js';

describe('Swagger UI on the sandbox', () => {
  let opened: BrowserSandbox;
  let page: Page;

  beforeAll(async () => {
    opened = await openSandboxInBrowser({ name: 'swagger-ui', viewport: { width: 1280, height: 1400 } });
    ({ page } = opened);
  });
  afterAll(() => opened.stop());

  it('begins with where to start, and shows the whole patch on three screens', async () => {
    await page.goto(`${opened.sandbox.running.bff_url}/`);
    expect(page.url()).toBe(`${opened.sandbox.running.bff_url}/docs`);
    const patch = page.locator('#operations-Customers-patchCustomer');
    await patch.waitFor();
    await opened.screenshot('start');
    expect(await page.locator('.opblock').first().getAttribute('id')).toBe(
      'operations-Customers-patchCustomer',
    );
    await patch.locator('.opblock-summary-control').click();
    await patch.locator('.responses-wrapper').waitFor();
    await opened.screenshot('patch', patch);
    const customers = patch.locator('tr[data-param-name="id_or_alias"] select option');
    const offered = Object.entries(OFFERED_CUSTOMERS);
    expect(offered.length).toBeGreaterThan(20);
    expect(await customers.allInnerTexts()).toEqual(offered.map(([, summary]) => summary));
    expect(await patch.innerText()).not.toContain('additionalProp');
    const { height = Infinity } = (await patch.boundingBox()) ?? {};
    expect(height).toBeLessThanOrEqual(3 * 900);

    await patch
      .getByRole('tab', { name: 'Schema' })
      .or(patch.getByRole('button', { name: 'Schema' }))
      .first()
      .click();
    await patch.getByText('Your own name for the customer').first().waitFor();
    await opened.screenshot('schema', patch);
    const conflict = patch.locator('.response[data-code="412"]');
    await conflict.getByRole('button', { name: 'Example' }).click();
    await patch.locator('.response[data-code="412"]').getByText('"#/phone"').first().waitFor();
    await patch.locator('.opblock-summary-control').click();

    await page.goto(`${opened.sandbox.running.bff_url}/problems/precondition-failed`);
    await opened.screenshot('problem');
    expect([...opened.complaints, ...opened.failedLoads]).toEqual([]);
  });

  it('authorises in two clicks and patches a customer with “Try it out”', async () => {
    await page.goto(`${opened.sandbox.running.bff_url}/docs`);
    await page.getByRole('button', { name: 'Authorize', exact: true }).click();
    const dialog = page.locator('.auth-container').filter({ hasText: 'clientCredentials' });
    await dialog.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
    await dialog.getByRole('button', { name: 'Remove authorization' }).waitFor();
    await opened.screenshot('authorised');
    await page.getByRole('button', { name: 'Close' }).first().click();

    const preview = page.locator('#operations-Preview-previewCustomerPatch');
    await preview.locator('.opblock-summary-control').click();
    await preview.getByRole('button', { name: 'Try it out' }).click();
    await preview.getByRole('button', { name: 'Execute' }).click();
    const shown = preview.locator('.live-responses-table');
    await shown.waitFor();
    await opened.screenshot('preview', preview);
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
    await opened.screenshot('patched', live);

    expect(await live.locator('tbody .response-col_status').first().innerText()).toMatch(/^200/);
    expect(await live.locator('tbody .response-col_description').first().innerText()).toContain(
      'Patched in a browser',
    );
    expect([...opened.complaints, ...opened.failedLoads]).toEqual([]);
  });

  it('patches the customer that is chosen, and shows what happens then', async () => {
    const patch = page.locator('#operations-Customers-patchCustomer');
    const parameter = patch.locator('tr[data-param-name="id_or_alias"]');
    await parameter.locator('select').selectOption({ label: OFFERED_CUSTOMERS['cus_ValueRefused'] ?? '' });
    expect(await parameter.locator('input').inputValue()).toBe('cus_ValueRefused');
    await patch.getByRole('button', { name: 'Execute' }).click();
    const live = patch.locator('.live-responses-table');
    await live.getByText('rejected-by-billing').first().waitFor();
    await opened.screenshot('scenario', patch);
    expect(await live.locator('tbody .response-col_status').first().innerText()).toMatch(/^400/);
    await parameter.locator('select').selectOption({ index: 0 });
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
