import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { ManualClock } from './support/manual-clock.js';
import { startBff, type TestBff } from './support/start-bff.js';

/** Milliseconds in which a change acts, as promised. */
const SOON = 5_000;

let clock: ManualClock;
let bff: TestBff;
async function startWith(...tenants: object[]): Promise<void> {
  clock = new ManualClock();
  bff = await startBff({ clock, tenants });
}
afterEach(() => bff.stop());

it('a file that is broken at the start changes nothing: it starts, says what is wrong, prints no token', async () => {
  await startWith(
    { id: 'a b', token: 'secret-of-tenant ' },
    { token: { env: 'NOT_SET' } },
    { id: 'x', token: 7 },
  );
  expect(errorLines()).toHaveLength(1);
  expect(JSON.parse(errorLines()[0] ?? '')).toMatchObject({
    level: 50,
    faults: expect.arrayContaining([expect.any(String)]) as string[],
  });
  expect(bff.logs()).not.toContain('secret-of-tenant');
  expect((await bff.send('GET', '/health/live')).status).toBe(200);
});

it('a change acts within five seconds; one that breaks the file changes nothing', async () => {
  await startWith({ id: 'acme', token: 'the-first-token' });
  expect(await sentToken()).toBe('Bearer the-first-token');
  await writeFile(bff.tenantsFile, (await readFile(bff.tenantsFile, 'utf8')).slice(0, -3));
  clock.advance(SOON);
  await until(() => Promise.resolve(errorLines().length > 0), 'the error line');
  expect(await sentToken()).toBe('Bearer the-first-token');
  await writeFile(bff.tenantsFile, JSON.stringify([{ id: 'acme', token: 'the-next-token' }]));
  clock.advance(SOON);
  await until(async () => (await sentToken()) === 'Bearer the-next-token', 'the next token');
  expect(bff.logs()).not.toContain('the-next-token');
});

it('a file that can no longer be looked at changes nothing, and is taken again once it can', async () => {
  await startWith({ id: 'acme', token: 'the-first-token' });
  await rm(bff.tenantsFile);
  await symlink(bff.tenantsFile, bff.tenantsFile);
  clock.advance(SOON);
  await until(() => Promise.resolve(errorLines().length > 0), 'the error line');
  expect(await sentToken()).toBe('Bearer the-first-token');
  await rm(bff.tenantsFile);
  await writeFile(bff.tenantsFile, JSON.stringify([{ id: 'acme', token: 'the-next-token' }]));
  clock.advance(SOON);
  await until(async () => (await sentToken()) === 'Bearer the-next-token', 'the next token');
});

/** The Authorization that a patch reaches the billing API with. */
async function sentToken(): Promise<string> {
  const token = await bff.idp.token({ exp: clock.now() / 1000 + 300 });
  await bff.patch({ name: 'Acme' }, { Authorization: `Bearer ${token}` });
  return String(bff.upstream.requests.at(-1)?.headers.authorization);
}

function errorLines(): string[] {
  return bff
    .logs()
    .split('\n')
    .filter((line) => line.includes('"level":50') && line.includes('TENANTS_FILE is not usable'));
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
