import { sql } from 'kysely';
import { read, until } from './support/audit-log.js';
import { startBff, type TestBff } from './support/start-bff.js';

const TENANTS = 10_000;

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff({ seals: true });
});
afterAll(() => bff.stop());

// Ten seconds are promised. The bound is that of until(), because others may use the machine at the same time.
it('ten thousand tenants with one event each are in their logs within seconds, each with one checkpoint', async () => {
  await read(bff, 'audit-events?limit=1');
  const { kysely } = bff.database;
  await sql`
    with made as (
      insert into audit_record
      select (json_populate_record(model, json_build_object(
        'id', overlay(model.id::text placing lpad(to_hex(n), 12, '0') from 25),
        'tenant_id', 'tenant-' || n
      ))).*
      from audit_record as model, generate_series(1, ${TENANTS}::integer) as n
      where model.action = 'audit.read'
      returning id, tenant_id
    )
    insert into audit_pending (event_id, log) select id, tenant_id from made`.execute(kysely);
  const begun = performance.now();
  await until(async () => {
    const { rows } = await sql<{ done: number }>`
      select count(*)::integer as done from audit_log where checkpoint_size = 1 and log like 'tenant-%'`.execute(
      kysely,
    );
    return rows[0]?.done === TENANTS;
  }, `${TENANTS} logs had their checkpoint`);
  const seconds = (performance.now() - begun) / 1_000;
  process.stdout.write(
    `${TENANTS} events of as many tenants were in their logs after ${seconds.toFixed(1)} s\n`,
  );
  const signed = bff.logs().match(/"log":"tenant-\d+","size":1,"checkpoint"/g) ?? [];
  expect(new Set(signed).size).toBe(TENANTS);
  expect(signed).toHaveLength(TENANTS);
}, 60_000);
