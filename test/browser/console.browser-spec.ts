import { ConsolePage, patchedBy } from '../support/console-page.js';

describe('the console', () => {
  let ui: ConsolePage;
  let lovell: string;
  beforeAll(async () => {
    ui = await ConsolePage.open('console');
  });
  afterAll(() => ui.opened.stop());

  it('finds a customer', async () => {
    await ui.search('lovell');
    await ui.screenshot('customers');
    await ui.openCustomer('lovell');
    lovell = await ui.page.evaluate<string>('location.hash.split("/")[2]');
  });

  it('changes a customer: faults in place, a preview, what became of it', async () => {
    await ui.link('Change');
    await ui.field('Billing e-mail', 'nobody');
    await ui.page.getByLabel('Country (two letters)', { exact: true }).first().fill('Germany');
    await ui.button('Preview');
    await ui.page.locator('[id="billing_email-fault"]').waitFor();
    expect(await ui.page.locator('[aria-invalid]').count()).toBe(2);
    expect(await ui.page.locator('[id="billing_email-fault"]').innerText()).toBe('must be an e-mail address');
    await ui.screenshot('faults');
    await ui.field('Billing e-mail', 'lovell@example.com');
    await ui.page.getByLabel('Country (two letters)', { exact: true }).first().fill('DE');
    await ui.field('Alias', 'lovell');
    await ui.button('Preview');
    await ui.heading('What this will do');
    await ui.row('Billing e-mail accounts@lovell-rockets.test lovell@example.com will change');
    await ui.screenshot('preview');
    await ui.button('Send');
    await ui.heading('It is done');
    await ui.link('What became of each field');
    await ui.sees('✓ applied');
    await ui.sees('The billing API shows what was asked for.');
    await ui.heading('In time');
    await ui.screenshot('operation');
  });

  it('says that a field cannot be cleared', async () => {
    await ui.at(`change/${lovell}`);
    await ui.field('Billing e-mail', '');
    await ui.sees('Billing e-mail stays as it is: the billing API cannot clear a field.');
    expect(await ui.page.getByRole('button', { name: 'Preview' }).isDisabled()).toBe(true);
  });

  it('shows what moved when somebody else was faster, and keeps what the person typed', async () => {
    await ui.at(`customer/${lovell}`);
    await ui.link('Change');
    await ui.field('Name', 'Lovell by Ada');
    await patchedBy(ui.sandbox, 'acme-web', 'lovell', { phone: '+49 30 7777777' });
    await ui.button('Preview');
    await ui.heading('Somebody else changed this customer');
    await ui.row(/Phone.*\+49 30 7777777/);
    await ui.screenshot('conflict');
    await ui.button('Keep my changes and look again');
    expect(await ui.page.getByLabel('Phone', { exact: true }).inputValue()).toBe('+49 30 7777777');
    await ui.button('Preview');
    await ui.button('Send');
    await ui.heading('It is done');
  });

  it('shows the timeline, with who did what, and takes filters, which the way back keeps', async () => {
    await ui.at(`customer/${lovell}`);
    await ui.heading('Lovell by Ada');
    await ui.lines.nth(2).waitFor();
    await ui.sees('3 operations: 3 applied.');
    expect(await ui.lines.first().innerText()).toContain('ada');
    expect(await ui.lines.nth(1).innerText()).toContain('acme-web');
    await ui.page.getByRole('button', { name: 'History of Phone' }).click();
    await ui.sees('1 operation: 1 applied.');
    await ui.screenshot('customer');
    await ui.link('Details');
    await ui.heading('In time');
    await ui.page.goBack();
    await ui.sees('1 operation: 1 applied.');
    expect(await ui.page.getByLabel('Field', { exact: true }).inputValue()).toBe('phone');
    await ui.button('Show all');
    await ui.sees('3 operations: 3 applied.');
  });

  it('turns an unknown outcome into its final word without a reload', async () => {
    await ui.openCustomer('applied-later');
    await ui.link('Change');
    await ui.field('Name', `Known later ${Date.now()}`);
    await ui.button('Preview');
    await ui.button('Send');
    await ui.heading('Nobody knows yet');
    await ui.screenshot('unknown');
    await ui.link('Watch it');
    await ui.sees('? unknown');
    await ui.page.getByText('✓ applied').first().waitFor({ timeout: 40_000 });
    await ui.sees('Final word');
    await ui.screenshot('known');
  });

  it('undoes an operation, says what cannot be undone, and the trail names what was undone', async () => {
    const undoOf = async (name: string): Promise<void> => {
      await ui.at(`customer/${lovell}`);
      await ui.filterBy(name);
      await ui.link('Undo');
    };
    await undoOf('phone');
    await ui.page.getByText("Phone can't be undone. It was empty before").waitFor();
    await ui.sees('Nothing is left to undo.');
    await undoOf('name');
    await ui.row('Name Lovell by Ada Lovell Rocket Parts will change');
    await ui.screenshot('undo');
    await ui.button('Put back');
    await ui.heading('It is done');
    await ui.at(`customer/${lovell}`);
    await ui.page.getByRole('link', { name: 'undoes an earlier one' }).waitFor();
  });

  it('asks for masks until the person wants the values, and only then the trail says that they were seen', async () => {
    await ui.search('lovell');
    ui.asked.length = 0;
    await ui.at(`customer/${lovell}`);
    await ui.lines.first().locator('.value').first().waitFor();
    expect(await ui.page.locator('.timeline').innerText()).not.toContain('+49 30 7777777');
    expect(ui.asked.map((url) => url.searchParams.get('clear'))).toEqual(['false', 'false']);
    await ui.sees('The trail will record that you saw them.');
    await ui.page.getByLabel('Show clear values').check();
    await ui.page.locator('.timeline').getByText('+49 30 7777777').waitFor();
    await ui.sees('The trail records that you see them.');
    await ui.page.getByLabel('Show clear values').uncheck();
    await ui.page.locator('.timeline').getByText('+49 30 7777777').waitFor({ state: 'detached' });
    const { data } = JSON.parse(await ui.trail('audit-events?actor=ada&action=audit.read&limit=4')) as {
      data: { changes: object[] }[];
    };
    const masked: object[] = [];
    expect(data.map(({ changes }) => changes)).toEqual([
      masked,
      [{ field: 'clear', after: true }],
      masked,
      masked,
    ]);
  });

  it('counts what happened', async () => {
    await ui.at('overview');
    await ui.heading('Patches a day');
    await ui.page
      .getByRole('region', { name: 'Outcomes' })
      .getByText(/^\d+ \(\d+ %\)$/)
      .first()
      .waitFor();
    await ui.screenshot('overview');
  });

  it('fits a telephone, in the dark', async () => {
    await ui.page.setViewportSize({ width: 390, height: 844 });
    await ui.page.emulateMedia({ colorScheme: 'dark' });
    for (const path of [
      'customers',
      'changes',
      'overview',
      'log',
      `customer/${lovell}`,
      `change/${lovell}`,
    ]) {
      await ui.at(path);
      await ui.page.locator('main h1').waitFor();
      await ui.page.getByText('Loading…').first().waitFor({ state: 'detached' });
      expect([path, await ui.page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 390]);
      await ui.screenshot(`narrow-${path.split('/')[0] ?? ''}`);
    }
    await ui.page.setViewportSize({ width: 1280, height: 900 });
    await ui.page.emulateMedia({ colorScheme: 'light' });
  });

  it('works by keyboard alone', async () => {
    await ui.page.goto(`${ui.sandbox.running.bff_url}/console`);
    await ui.page.getByRole('button', { name: 'Sign in as ada' }).waitFor();
    await ui.page.keyboard.press('Tab');
    await ui.page.keyboard.press('Enter');
    await ui.heading('Customers');
    await ui.page.getByLabel('Name, e-mail or alias').waitFor();
    for (let key = 0; key < 20; key += 1) {
      if ((await ui.page.evaluate('document.activeElement.name')) === 'search') break;
      await ui.page.keyboard.press('Tab');
    }
    await ui.page.keyboard.type('lovell');
    await ui.page.keyboard.press('Enter');
    await ui.sees('Page 1 of 1, 1 customer');
  });

  it('rotates a tenant’s token', async () => {
    await ui.signIn('operator', 'Tenants');
    const globex = ui.page.locator('article', { hasText: 'globex' });
    await globex.getByRole('row').nth(1).waitFor();
    const before = await globex.getByRole('row').count();
    await globex.getByLabel('New billing token').fill('a-new-token-of-globex');
    await globex.getByRole('button', { name: 'Rotate' }).click();
    await globex.getByRole('row').nth(before).waitFor();
    expect(await ui.page.content()).not.toContain('a-new-token-of-globex');
    await ui.screenshot('tenants');
  });

  it('asks no other host than the BFF and the login, and has no error', () => {
    expect(ui.opened.complaints).toEqual([]);
    const { bff_url: bffUrl, issuer } = ui.sandbox.running;
    expect([...ui.hosts].sort()).toEqual([bffUrl, issuer].sort());
  });
});
