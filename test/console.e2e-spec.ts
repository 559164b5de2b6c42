import { startBff, type TestBff } from './support/start-bff.js';

const OAUTH = {
  CONSOLE_OAUTH_AUTHORIZE_URL: 'https://login.example.com/authorize',
  CONSOLE_OAUTH_TOKEN_URL: 'https://login.example.com/oauth/token',
  CONSOLE_OAUTH_CLIENT_ID: 'billing-console',
};
const anonymous = { Authorization: '' };

let bff: TestBff;
afterEach(() => bff.stop());

it('is a page without a token; its script, its style and its login are the only things it may ask for', async () => {
  bff = await startBff({ settings: OAUTH });
  const page = await fetch(`${bff.url}/console?code=a&state=b`);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toBe(
    [
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:",
      "connect-src 'self' https://login.example.com; base-uri 'none'; form-action 'none'",
      "frame-ancestors 'none'; require-trusted-types-for 'script'",
    ].join('; '),
  );
  const html = await page.text();
  const asked = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url);
  expect(asked.sort()).toEqual(['/console/console.css', '/console/console.js', 'data:,']);
  expect(html).not.toMatch(/<style|<script>|\son\w+=/);
  for (const [path, type] of [
    ['console.js', 'text/javascript; charset=utf-8'],
    ['console.css', 'text/css; charset=utf-8'],
  ] as const) {
    const file = await fetch(`${bff.url}/console/${path}`);
    expect([file.status, file.headers.get('content-type')]).toEqual([200, type]);
  }
});

it('is less than 150 kB', async () => {
  bff = await startBff();
  const sizes = await Promise.all(
    ['', '/console.js', '/console.css'].map(
      async (path) => (await (await fetch(`${bff.url}/console${path}`)).arrayBuffer()).byteLength,
    ),
  );
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(150_000);
});

it('says how people sign in', async () => {
  bff = await startBff({ settings: { ...OAUTH, CONSOLE_OAUTH_LOGIN_HINTS: 'ada, grace' } });
  const { body } = await bff.send('GET', '/console/settings.json', undefined, anonymous);
  expect(body).toEqual({
    oauth: {
      authorize_url: 'https://login.example.com/authorize',
      token_url: 'https://login.example.com/oauth/token',
      client_id: 'billing-console',
      login_hints: ['ada', 'grace'],
    },
  });
});

it('takes a pasted token where no login is set', async () => {
  bff = await startBff();
  const { body } = await bff.send('GET', '/console/settings.json', undefined, anonymous);
  expect(body).toEqual({ oauth: null });
});

it.each(['/console', '/console/console.js', '/console/settings.json'])(
  'is off where it is not enabled: %s',
  async (path) => {
    bff = await startBff({ settings: { CONSOLE_ENABLED: 'false' } });
    const { status, body } = await bff.send('GET', path, undefined, anonymous);
    expect([status, body]).toMatchObject([404, { type: 'urn:billing-bff:problem:not-found' }]);
  },
);
