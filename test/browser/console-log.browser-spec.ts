import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConsolePage, patchedBy } from '../support/console-page.js';

describe('the log in the console', () => {
  let ui: ConsolePage;
  beforeAll(async () => {
    ui = await ConsolePage.open('console-log');
    await patchedBy(ui.sandbox, 'acme-web', 'lovell', { phone: '+49 30 7777777' });
  });
  afterAll(() => ui.opened.stop());

  it('verifies the log, and names the place of what was altered in a copy', async () => {
    await ui.at('log');
    await ui.button('Use the keys that the service shows');
    await ui.page.locator('#vkeys:not(:placeholder-shown)').waitFor();
    await ui.sees('After a valid check this browser keeps where it ended');
    await ui.button('Verify everything');
    await ui.sees(/✓ Valid\. All \d+ events/);
    await ui.screenshot('everything');
    const copy = join(ui.opened.folder, 'copy.ndjson');
    await writeFile(
      copy,
      (await ui.trail('audit-events', 'application/x-ndjson')).replace(
        '"client_id":"acme-web"',
        '"client_id":"evil-web"',
      ),
    );
    await ui.page.locator('input[type=file]').setInputFiles(copy);
    await ui.sees(/✗ Not valid\. The event at leaf \d+ was altered\./);
    await ui.screenshot('altered');
  });

  it('verifies what is new since then, and finds what was altered or rolled back', async () => {
    const since = (): Promise<void> => ui.button('Verify what is new');
    const served = async (path: string, body: string, then: () => Promise<void>): Promise<void> => {
      await ui.page.route(path, (route) => route.fulfill({ body, contentType: 'text/plain' }));
      await then();
      await ui.page.unroute(path);
    };
    const verdictIs = (text: RegExp): Promise<void> => ui.page.locator('.verdict').getByText(text).waitFor();
    await ui.sees(/^This browser keeps that it verified \d+ events/);
    const kept = await ui.page.evaluate<string>("localStorage.getItem('console-verified')");
    const { checkpoint } = Object.values(JSON.parse(kept) as Record<string, { checkpoint: string }>)[0] ?? {};
    await patchedBy(ui.sandbox, 'acme-web', 'lovell', { phone: '+49 30 8888888' });
    await since();
    await verdictIs(/✓ Valid\. The [1-9]\d* events from leaf \d+ on are as/);
    expect(ui.asked.at(-1)?.searchParams.get('after_leaf')).toBe(
      String(Number(checkpoint?.split('\n')[1]) - 1),
    );
    await ui.screenshot('since');

    // The next export, altered on its way.
    const size = await ui.page.evaluate<number>(
      "Number(Object.values(JSON.parse(localStorage.getItem('console-verified')))[0].checkpoint.split('\\n')[1])",
    );
    await patchedBy(ui.sandbox, 'acme-web', 'lovell', { phone: '+49 30 9999999' });
    await ui.sealedBeyond(size);
    const altered = (await ui.trail(`audit-events?after_leaf=${size - 1}`, 'application/x-ndjson')).replace(
      'acme-web',
      'evil-web',
    );
    await served('**/audit-events?*', altered, async () => {
      await since();
      await verdictIs(/✗ Not valid\. The event at leaf \d+ was altered\./);
    });

    // An older checkpoint, as after a restored backup: signed, and true then.
    await served('**/audit-log/checkpoint', checkpoint ?? '', async () => {
      await since();
      await verdictIs(
        /✗ Not valid\. The log was rolled back: it has \d+ leaves, and had \d+ when it was verified/,
      );
      await ui.screenshot('rolled-back');
    });

    // Its own bookkeeping, damaged: that says nothing about the log.
    await ui.page.evaluate(
      "localStorage.setItem('console-verified', localStorage.getItem('console-verified').replace(/\"edge\":\\[[^\\]]*\\]/, '\"edge\":[]'))",
    );
    await ui.page.reload();
    await ui.signIn('ada');
    await ui.at('log');
    await since();
    await verdictIs(/\? Nothing can be said\. What this browser kept of the last check is damaged\./);
    await ui.button('Forget it');
    await ui.sees('After a valid check this browser keeps where it ended');
  });

  it('verifies one event, and a copy that was altered', async () => {
    await ui.openCustomer('lovell');
    await ui.lines.nth(0).getByRole('link', { name: 'Details' }).click();
    await ui.link('Prove this to somebody else');
    await ui.heading('Prove it to somebody else');
    await ui.button('Verify this event');
    await ui.sees(/✓ Valid\. The event is leaf \d+/);
    const text = await ui.page.locator('#event').inputValue();
    await ui.page.locator('#event').fill(text.replace(/"sub": "[^"]+"/, '"sub": "eve"'));
    await ui.button('Verify this event');
    await ui.sees(/✗ Not valid\. This is not the event at leaf/);
    await ui.screenshot('event');
  });
});
