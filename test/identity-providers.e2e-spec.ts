import { readFileSync } from 'node:fs';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';

/** A token as an identity provider makes it, without its times, and what it says of the caller. */
interface ProviderToken {
  /** A heading of the page. */
  readonly provider: string;
  readonly token: string;
  readonly header?: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  readonly caller: object;
  readonly tenant: string;
}

const TOKENS = JSON.parse(readFileSync('test/support/provider-tokens.json', 'utf8')) as ProviderToken[];
const PAGE = readFileSync('docs/identity-providers.md', 'utf8');
const PROVIDERS = [...PAGE.matchAll(/^## (.+)\n[^#]*?```env\n([^`]+)```/gm)].map(
  ([, name = '', block = '']) => ({ name, settings: settingsIn(block) }),
);

it('the page and the tokens have the same providers', () => {
  const headings = [...PAGE.matchAll(/^## (.+)$/gm)].map(([, name]) => name);
  expect(PROVIDERS.map(({ name }) => name)).toEqual(headings);
  expect([...new Set(TOKENS.map(({ provider }) => provider))]).toEqual(headings);
});

describe.each(PROVIDERS)('$name, with the settings of its section', ({ name, settings }) => {
  const tokens = TOKENS.filter(({ provider }) => provider === name);
  let bff: TestBff;
  beforeAll(async () => {
    const { AUTH_JWKS_URL, ...others } = settings;
    expect(AUTH_JWKS_URL).toMatch(/^https:\/\//);
    const tenants = [...new Set(tokens.map(({ tenant }) => tenant))];
    bff = await startBff({
      // Of the settings of tests, only the address of the keys stays.
      settings: others,
      tenants: tenants.map((id) => ({ id, token: `billing-token-of-${id}` })),
    });
  });
  afterAll(() => bff.stop());

  it.each(tokens)('$token', async ({ header, claims, headers, caller, tenant }) => {
    const text = await bff.idp.tokenOf(claims, header === undefined ? {} : { header });
    const request = { Authorization: `Bearer ${text}`, ...headers };
    expect(await bff.send('GET', CUSTOMER_PATH, undefined, request)).toMatchObject({ status: 200 });
    const patched = await bff.patch({ name: 'Acme AG' }, request);
    expect(patched.status).toBe(200);
    const rows = await bff.database.kysely
      .selectFrom('audit_event')
      .select('event')
      .where('operation_id', '=', patched.headers.get('x-operation-id'))
      .execute();
    const events = rows.map(({ event }) => JSON.parse(event) as Record<string, unknown>);
    expect(events.map(({ actor, tenant_id }) => ({ actor, tenant_id }))).toEqual([
      { actor: caller, tenant_id: tenant },
      { actor: caller, tenant_id: tenant },
    ]);
  });

  it('refuses the same tokens for another audience', async () => {
    const audience = settings['AUTH_AUDIENCE_CLAIM'] ?? 'aud';
    for (const { header, claims, headers } of tokens) {
      const text = await bff.idp.tokenOf(
        { ...claims, [audience]: 'other' },
        header === undefined ? {} : { header },
      );
      const answer = await bff.patch({ name: 'x' }, { Authorization: `Bearer ${text}`, ...headers });
      expect(answer.status).toBe(401);
    }
  });
});

function settingsIn(block: string): Record<string, string> {
  const lines = block.trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [, setting = '', value = ''] = /^([A-Z_]+)=(.+)$/.exec(line) ?? [];
      return [setting, value];
    }),
  );
}
