import { sql } from 'kysely';
import pg from 'pg';
import { PausableProxy } from './support/pausable-proxy.js';
import { SkippingClock } from './support/skipping-clock.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';

const PATCH = { name: 'Acme AG' };

/** Only a server has a network before it: TEST_DATABASE=postgres. */

describe('PostgreSQL behind a network that fails', () => {
  let database: TestDatabase;
  let proxy: PausableProxy;
  let bff: TestBff;
  const clock = new SkippingClock();
  beforeEach(async () => {
    database = await createTestDatabase();
    const url = new URL(database.settings['DATABASE_URL'] ?? '');
    proxy = await PausableProxy.start({ host: url.hostname, port: Number(url.port) });
    url.port = String(proxy.port);
    bff = await startBff({ settings: { DATABASE_URL: url.href }, clock });
    expect((await bff.patch(PATCH)).status).toBe(200);
    bff.upstream.requests.length = 0;
  });
  afterEach(async () => {
    proxy.heal();
    await bff.stop();
    await proxy.stop();
    await database.remove();
  });

  it('cut: 503 audit-unavailable, nothing sent, and 200 again once it is back', async () => {
    proxy.cut();
    await expectUnavailable();
    // The log says where it could not be reached, and why; the answers do not.
    const lines = bff.logs().split('\n');
    const line = lines.findLast((one) => one.includes('"problem":"audit-unavailable"'));
    const cause = {
      type: 'DatabaseUnreachable',
      message: expect.stringContaining(`127.0.0.1:${proxy.port}`) as string,
    };
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      status: 503,
      causes: expect.arrayContaining([expect.objectContaining(cause)]) as unknown[],
    });
    proxy.heal();
    await untilItWorks();
    expect((await bff.send('GET', '/health/ready')).status).toBe(200);
  });

  it('connections reset while idle: nobody notices for long', async () => {
    proxy.reset();
    await untilItWorks();
  });

  it('reset while in use: what was asked fails, the process does not', async () => {
    const failed = sql`select pg_sleep(60)`.execute(bff.database.kysely).then(
      () => 'answered',
      () => 'failed',
    );
    const inUse = sql<{ count: number }>`
      select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and datname = current_database()`;
    const deadline = Date.now() + 3_000;
    while ((await inUse.execute(bff.database.kysely)).rows[0]?.count !== 1)
      if (Date.now() > deadline) throw new Error('nothing is under way');
    proxy.reset();
    expect(await failed).toBe('failed');
    await untilItWorks();
  });

  it('swallowed: 503 within ten seconds, again and again, nothing sent; 200 again by new connections', async () => {
    proxy.swallow();
    await expectUnavailable();
    await expectUnavailable();
    proxy.heal();
    await untilItWorks();
  });

  it('swallowed: what other instances notify is heard again, by a new connection', async () => {
    const heard: string[] = [];
    bff.database.notifications.subscribe('tenant_changed', {
      heard: (tenant) => void heard.push(tenant),
      missed: () => undefined,
    });
    const other = new pg.Client({ connectionString: database.settings['DATABASE_URL'] });
    await other.connect();
    try {
      proxy.swallow();
      proxy.heal();
      const deadline = Date.now() + 10_000;
      while (!heard.includes('acme')) {
        if (Date.now() > deadline) throw new Error('nothing is heard any more');
        clock.skip(1_000);
        await other.query(`select pg_notify('tenant_changed', 'acme')`);
      }
    } finally {
      await other.end();
    }
  });

  async function expectUnavailable(): Promise<void> {
    const startedAt = Date.now();
    const answers = await Promise.all(Array.from({ length: 5 }, () => bff.patch(PATCH)));
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    for (const { status, body } of answers) {
      expect({ status, body }).toMatchObject({
        status: 503,
        body: { type: 'urn:billing-bff:problem:audit-unavailable' },
      });
      expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|ECONN/);
    }
    expect(bff.upstream.patches).toEqual([]);
  }

  async function untilItWorks(): Promise<void> {
    const deadline = Date.now() + 15_000;
    while ((await bff.patch(PATCH)).status !== 200) {
      if (Date.now() > deadline) throw new Error('no patch works any more');
    }
  }
});
