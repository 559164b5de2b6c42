import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { type Sandbox, startSandbox } from '../../sandbox/launcher.js';
import { launchChromium } from './chromium.js';

const ROOT = join(__dirname, '..', '..');
const SCREENSHOTS = join(ROOT, 'test-results');

export interface BrowserSandbox {
  readonly sandbox: Sandbox;
  /** For files of the test; it is removed. */
  readonly folder: string;
  readonly page: Page;
  /** Errors on the page's console. */
  readonly complaints: readonly string[];
  /** Answers of 400 and more, which Chromium reports there, too. */
  readonly failedLoads: readonly string[];
  /** Of the window, of a part of the page, or of all of it. */
  screenshot(name: string, what?: Locator | 'whole'): Promise<void>;
  stop(): Promise<void>;
}

/** A day before today. */
export interface Past {
  readonly at: Date;
  readonly act: (sandbox: Sandbox) => Promise<void>;
}

interface Options {
  /** Names the folder and the screenshots. */
  readonly name: string;
  readonly viewport: { readonly width: number; readonly height: number };
  /** What happened on earlier days, the oldest first: the sandbox runs with its clock set back. */
  readonly past?: readonly Past[];
}

/** What `npm start` starts, on free ports, with a page of Chromium. */
export async function openSandboxInBrowser({ name, viewport, past = [] }: Options): Promise<BrowserSandbox> {
  const folder = await mkdtemp(join(tmpdir(), `bff-${name}-`));
  await mkdir(SCREENSHOTS, { recursive: true });
  for (const { at, act } of past) {
    const earlier = await start(folder, at);
    try {
      await act(earlier);
    } finally {
      await earlier.stop();
    }
  }
  const sandbox = await start(folder);
  const browser = await launchChromium();
  const page = await browser.newPage({ viewport });
  page.setDefaultTimeout(8_000);
  const complaints: string[] = [];
  const failedLoads: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const text = message.text();
    (text.startsWith('Failed to load resource') ? failedLoads : complaints).push(text);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return {
    ...{ sandbox, folder, page, complaints, failedLoads },
    async screenshot(shot, what) {
      const path = join(SCREENSHOTS, `${name}-${shot}.png`);
      if (what === undefined || what === 'whole') await page.screenshot({ path, fullPage: what === 'whole' });
      else await what.screenshot({ path });
    },
    async stop() {
      await browser.close();
      await sandbox.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param at the BFF's time when it starts; now, unless given */
function start(folder: string, at?: Date): Promise<Sandbox> {
  const env = {
    ...{ PATH: process.env['PATH'], PORT: '0', SANDBOX_BILLING_PORT: '0', SANDBOX_IDP_PORT: '0' },
    ...{ SANDBOX_DATA_DIR: join(folder, 'sandbox'), LOG_LEVEL: 'warn', BILLING_API_TIMEOUT_MS: '1000' },
    ...(at === undefined ? {} : { NODE_OPTIONS: `--import ${clockAhead(at.getTime() - Date.now())}` }),
  };
  const bffEntry = join(ROOT, 'dist', 'main.js');
  return startSandbox({ env, root: ROOT, bffEntry, signal: new AbortController().signal });
}

/** The sandbox passes no settings of ours on, so the number is in the module. */
function clockAhead(milliseconds: number): string {
  const shifted = pathToFileURL(join(__dirname, 'shifted-clock.mjs')).href;
  const module = `process.env.CLOCK_AHEAD_MS = '${milliseconds}'; await import('${shifted}');`;
  return `data:text/javascript,${encodeURIComponent(module)}`;
}
