import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Locator, Page } from 'playwright-core';
import type { Sandbox } from '../../sandbox/launcher.js';
import { until } from './audit-log.js';
import { type BrowserSandbox, openSandboxInBrowser, type Past } from './browser-sandbox.js';

const AXE = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

/** The console in a browser, and how a person uses it. */
export class ConsolePage {
  /** Whom the page has asked. */
  readonly hosts = new Set<string>();
  /** What it has asked of the trail. */
  readonly asked: URL[] = [];

  private constructor(readonly opened: BrowserSandbox) {
    this.page.on('request', (request) => {
      const url = new URL(request.url());
      this.hosts.add(url.origin);
      if (url.pathname.startsWith('/api/v1/audit-events')) this.asked.push(url);
    });
  }

  static async open(name: string, past: readonly Past[] = []): Promise<ConsolePage> {
    const viewport = { width: 1280, height: 900 };
    const opened = new ConsolePage(await openSandboxInBrowser({ name, viewport, past }));
    await opened.signIn('ada');
    return opened;
  }

  get page(): Page {
    return this.opened.page;
  }

  get sandbox(): Sandbox {
    return this.opened.sandbox;
  }

  /** The lines of a timeline. */
  get lines(): Locator {
    return this.page.locator('.timeline tbody tr');
  }

  /** @param first the heading of the page that the person gets to */
  async signIn(person: string, first = 'Customers'): Promise<void> {
    await this.page.goto(`${this.sandbox.running.bff_url}/console`);
    await this.button(`Sign in as ${person}`);
    await this.heading(first);
  }

  async at(path: string): Promise<void> {
    await this.page.evaluate(`location.hash = '#/${path}'`);
  }

  async button(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  /** The first one of this name. */
  async link(name: string): Promise<void> {
    await this.page.getByRole('link', { name, exact: true }).first().click();
  }

  async field(label: string, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  async heading(name: string): Promise<void> {
    await this.page.getByRole('heading', { name }).waitFor();
  }

  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  async row(name: string | RegExp): Promise<void> {
    await this.page.getByRole('row', { name }).waitFor();
  }

  async search(text: string): Promise<void> {
    await this.at('customers');
    await this.field('Name, e-mail or alias', text);
    await this.button('Search');
    await this.sees('Page 1 of 1, 1 customer');
  }

  /** Finds a customer and opens its page. */
  async openCustomer(alias: string): Promise<void> {
    await this.search(alias);
    await this.page
      .getByRole('row', { name: new RegExp(alias) })
      .getByRole('link')
      .click();
    await this.page.locator('h1 + p code').waitFor();
  }

  /** Shows only operations that changed this field. */
  async filterBy(name: string): Promise<void> {
    await this.lines.first().waitFor();
    const answered = this.page.waitForResponse((response) => response.url().includes(`field=${name}`));
    await this.page.getByLabel('Field', { exact: true }).selectOption(name);
    await answered;
    await this.settled();
  }

  /** The timeline shows what was asked for last. */
  async settled(): Promise<void> {
    await this.page.locator('.timeline[aria-busy=false]').waitFor();
  }

  /** What axe finds that is serious. */
  async serious(): Promise<string[]> {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate<{
      violations: { id: string; impact: string; nodes: { html: string }[] }[];
    }>('axe.run()');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
  }

  /** Also checks that axe finds nothing serious. */
  async screenshot(name: string): Promise<void> {
    expect([name, await this.serious()]).toEqual([name, []]);
    await this.opened.screenshot(name, 'whole');
  }

  /** Waits until the tenant's log is larger. */
  async sealedBeyond(size: number): Promise<void> {
    await until(
      async () => Number((await this.trail('audit-log/checkpoint')).split('\n')[1]) > size,
      'the log is larger',
    );
  }

  /** The trail, or what is beside it, as `acme-web` gets it: without clear values. */
  async trail(path: string, accept = '*/*'): Promise<string> {
    const headers = { Authorization: `Bearer ${await tokenOf(this.sandbox, 'acme-web')}`, Accept: accept };
    return (await fetch(`${this.sandbox.running.bff_url}/api/v1/${path}`, { headers })).text();
  }
}

/** What another program or person changes, without the console. */
export async function patchedBy(
  sandbox: Sandbox,
  client: string,
  customer: string,
  patch: object,
): Promise<void> {
  const headers = {
    Authorization: `Bearer ${await tokenOf(sandbox, client)}`,
    'Content-Type': 'application/json',
  };
  const url = `${sandbox.running.bff_url}/api/v1/customers/${customer}`;
  const patched = await fetch(url, { method: 'PATCH', headers, body: JSON.stringify(patch) });
  expect(patched.status).toBe(200);
}

async function tokenOf({ running }: Sandbox, client: string): Promise<string> {
  const form = {
    grant_type: 'client_credentials',
    client_id: client,
    client_secret: `${client}-sandbox-secret`,
  };
  const answer = await fetch(running.token_url, { method: 'POST', body: new URLSearchParams(form) });
  return ((await answer.json()) as { access_token: string }).access_token;
}
