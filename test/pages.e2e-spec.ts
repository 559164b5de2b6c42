import { PROBLEMS } from '../src/http/problem.js';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';

const anonymous = (bff: TestBff, path: string): Promise<TestAnswer> =>
  bff.send('GET', path, undefined, { Authorization: '' });

describe('pages for people', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff();
  });
  afterAll(() => bff.stop());

  it('leads from / to Swagger UI', async () => {
    const { status, headers } = await anonymous(bff, '/');
    expect([status, headers.get('location')]).toEqual([302, '/docs']);
  });

  it.each(Object.entries(PROBLEMS))('explains %s', async (slug, [status, code, title]) => {
    const { status: answered, headers, body } = await anonymous(bff, `/problems/${slug}`);
    expect([answered, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const page = String(body);
    expect(page).toContain(`<h1>${title}</h1>`);
    expect(page).toContain(`<b>${status}</b> <code>${slug}</code>`);
    expect(page).toContain(`<code>urn:billing-bff:problem:${slug}</code>`);
    expect(page).toContain(`<code>${code}</code>`);
    for (const heading of ['What happened', 'Was anything changed?', 'What to do'])
      expect(page).toMatch(new RegExp(`<h2>${heading.replace('?', '\\?')}</h2>\n<(p|ol)>\\S?`));
    expect(page.match(/<li>/g)?.length).toBeGreaterThanOrEqual(1);
    expect(page).not.toMatch(/`|\[[^\]]+\]\(|undefined/);
  });

  it('lists all problems', async () => {
    const { status, body } = await anonymous(bff, '/problems');
    expect(status).toBe(200);
    const linked = [...String(body).matchAll(/href="\/problems\/([a-z-]+)"/g)].map(([, slug]) => slug);
    expect(linked.sort()).toEqual(Object.keys(PROBLEMS).sort());
  });

  it('has no script, and allows none but the service’s own files', async () => {
    for (const path of ['/problems', '/problems/billing-timeout']) {
      const { headers, body } = await anonymous(bff, path);
      expect(String(body)).not.toMatch(/<script|\son\w+=|javascript:/);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none';.*script-src 'self';/);
    }
  });

  it.each(['nothing-like-it', '__proto__', 'constructor', 'toString', '%3Cscript%3E', 'INTERNAL'])(
    'is a problem itself when there is no such problem: %s',
    async (slug) => {
      const { status, body } = await anonymous(bff, `/problems/${slug}`);
      expect([status, body]).toMatchObject([404, { type: 'urn:billing-bff:problem:not-found' }]);
      expect(JSON.stringify(body)).not.toContain('script');
    },
  );
});

it('has no pages where Swagger UI is off', async () => {
  const bff = await startBff({ settings: { SWAGGER_ENABLED: 'false' } });
  try {
    for (const path of ['/', '/problems', '/problems/internal', '/docs', '/openapi.json']) {
      const { status, body } = await anonymous(bff, path);
      expect([path, status, body]).toMatchObject([path, 404, { type: 'urn:billing-bff:problem:not-found' }]);
    }
  } finally {
    await bff.stop();
  }
});
