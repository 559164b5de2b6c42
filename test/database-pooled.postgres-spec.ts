import { sql } from 'kysely';
import { DatabaseUnusable } from '../src/database/database.js';
import { HAS_PGBOUNCER, PgBouncer } from './support/pgbouncer.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';

/** Needs Debian's pgbouncer. */
(HAS_PGBOUNCER ? describe : describe.skip)('PostgreSQL behind PgBouncer', () => {
  let database: TestDatabase;
  let bouncer: PgBouncer;
  let bff: TestBff | undefined;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await bff?.stop();
    bff = undefined;
    await bouncer.stop();
    await database.remove();
  });

  async function start(mode: 'session' | 'transaction' | 'statement'): Promise<TestBff> {
    bouncer = await PgBouncer.start(database.settings['DATABASE_URL'] ?? '', mode);
    bff = await startBff({ settings: { DATABASE_URL: bouncer.url } });
    return bff;
  }

  it('in session mode: patches, the trail, and what other instances change', async () => {
    const first = await start('session');
    expect((await first.patch({ name: 'Acme AG' })).status).toBe(200);
    expect(await first.events(2)).toHaveLength(2);
    expect((await first.send('GET', '/api/v1/audit-events')).status).toBe(200);
    const second = await startBff({ besides: first, settings: { DATABASE_URL: bouncer.url } });
    try {
      const scope = 'tenants:admin customers:write';
      const headers = { Authorization: `Bearer ${await first.idp.token({ scope })}` };
      expect((await second.patch({ name: 'Acme GmbH' })).status).toBe(200);
      const suspended = await first.send(
        'PUT',
        '/api/v1/tenants/acme',
        { name: 'Acme', status: 'suspended' },
        headers,
      );
      expect(suspended.status).toBe(200);
      const deadline = Date.now() + 5_000;
      while ((await second.patch({ name: 'Acme AG' })).status !== 403)
        if (Date.now() > deadline) throw new Error('the other instance never heard of it');
    } finally {
      await second.stop();
    }
  });

  it('a statement that takes too long ends there, too', async () => {
    const { database: connected } = await start('session');
    const { rows } = await sql<{ statement_timeout: string }>`show statement_timeout`.execute(
      connected.kysely,
    );
    expect(rows).toEqual([{ statement_timeout: '4s' }]);
  });

  it.each(['transaction', 'statement'] as const)(
    'in %s mode: the start is refused in words',
    async (mode) => {
      const failed = await start(mode).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failed).toBeInstanceOf(DatabaseUnusable);
      expect(String(failed)).toMatch(/transaction.*pool_mode = session/s);
      expect(String(failed)).not.toContain('127.0.0.1');
    },
  );
});
