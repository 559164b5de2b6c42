import { startBff, type TestBff } from './support/start-bff.js';

describe('the admin API', () => {
  let bff: TestBff;
  let admin: Record<string, string>;
  beforeAll(async () => {
    bff = await startBff();
    const token = await bff.idp.token({ sub: 'operator', scope: 'tenants:admin', tenant_id: undefined });
    admin = { Authorization: `Bearer ${token}` };
  });
  afterAll(() => bff.stop());

  it('creates a tenant, gives it a token, and lets it patch', async () => {
    const created = await bff.send('PUT', '/api/v1/tenants/umbrella', { name: 'Umbrella' }, admin);
    expect(created.body).toEqual({
      id: 'umbrella',
      name: 'Umbrella',
      status: 'active',
      billing_api_url: null,
      invoicing_entities: null,
    });
    expect(created.status).toBe(201);
    const caller = { Authorization: `Bearer ${await bff.idp.token({ tenant_id: 'umbrella' })}` };
    const without = await bff.patch({ name: 'A' }, caller);
    expect(without.body).toMatchObject({
      code: 'INTERNAL_SERVER_ERROR',
      status: 502,
      outcome: 'not_applied',
    });
    const put = await bff.send(
      'PUT',
      '/api/v1/tenants/umbrella/token',
      { token: 'umbrella-secret-1' },
      admin,
    );
    expect(put.body).toMatchObject({ version: 1, retired_at: null, rejected_at: null });
    expect(put.status).toBe(201);
    const patched = await bff.patch({ name: 'A' }, caller);
    expect(patched.status).toBe(200);
    expect(bff.upstream.requests.at(-1)?.headers.authorization).toBe('Bearer umbrella-secret-1');
    const versions = await bff.send('GET', '/api/v1/tenants/umbrella/tokens', undefined, admin);
    expect(versions.body).toMatchObject({ data: [{ version: 1 }] });
    const gone = await bff.send('DELETE', '/api/v1/tenants/umbrella/tokens/1', undefined, admin);
    expect(gone.status).toBe(204);
    expect((await bff.patch({ name: 'A' }, caller)).status).toBe(502);
    const back = await bff.send(
      'PUT',
      '/api/v1/tenants/umbrella/token',
      { token: 'umbrella-secret-1' },
      admin,
    );
    expect(back.status).toBe(400);
    const events = await bff.send('GET', '/api/v1/audit-events?credential_version=1', undefined, caller);
    const actions = (events.body as { data: { action: string; phase: string }[] }).data.map(
      ({ action, phase }) => `${action} ${phase}`,
    );
    expect(actions).toEqual([
      'tenant.token.retired event',
      'customer.patch outcome',
      'customer.patch intent',
      'tenant.token.added event',
    ]);
  });
});
