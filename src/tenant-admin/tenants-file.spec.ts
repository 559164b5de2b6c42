import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { readEnvironment } from '../config/environment.js';
import { readTenantsFile, type TenantEntry, TenantsFileError } from './tenants-file.js';

const { billing } = readEnvironment({
  AUTH_ISSUER: 'https://idp.test/',
  AUTH_AUDIENCE: 'https://bff.test',
  AUTH_JWKS_URL: 'https://idp.test/jwks',
  BILLING_API_URL: 'https://billing.test/base/',
  BILLING_API_ALLOWED_ORIGINS: 'https://billing.test,https://eu.billing.test',
});
const SECRET = 's3cr3t-token';

describe('the tenants’ file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bff-tenants-file-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const read = (content: unknown, environment: Record<string, string> = {}): readonly TenantEntry[] => {
    const path = join(folder, 'tenants.json');
    const isText = typeof content === 'string' || Buffer.isBuffer(content);
    writeFileSync(path, isText ? content : JSON.stringify(content));
    return readTenantsFile(path, billing, environment).entries;
  };

  const faultsOf = (content: unknown, environment: Record<string, string> = {}): string[] => {
    try {
      read(content, environment);
    } catch (error) {
      if (!(error instanceof TenantsFileError)) throw error;
      for (const text of [error.message, error.stack ?? '', inspect(error)])
        expect(text).not.toContain(SECRET);
      return [...error.faults];
    }
    throw new Error('the file was accepted');
  };

  it('gives tenants, with defaults for what is left out', () => {
    const [acme, globex, ...others] = read([
      { id: 'acme', token: SECRET },
      {
        id: 'Globex_1.x-y',
        name: 'Globex Söhne',
        billing_api_url: 'https://eu.billing.test/v2//',
        token: SECRET,
        invoicing_entities: ['ive_1', 'ive_7n42DGM5Tflk9n8mt7Fhc7'],
        status: 'suspended',
      },
    ]);

    expect(others).toEqual([]);
    expect(acme).toMatchObject({
      id: 'acme',
      settings: { name: 'acme', status: 'active', billingApiUrl: null, invoicingEntities: null },
    });
    expect(acme?.token.reveal()).toBe(SECRET);
    expect(globex).toMatchObject({
      id: 'Globex_1.x-y',
      settings: {
        name: 'Globex Söhne',
        status: 'suspended',
        billingApiUrl: 'https://eu.billing.test/v2',
        invoicingEntities: ['ive_1', 'ive_7n42DGM5Tflk9n8mt7Fhc7'],
      },
    });
  });

  it('may be empty, and a list of invoicing entities too: then none is allowed', () => {
    expect(read([])).toEqual([]);
    expect(
      read([{ id: 'acme', token: SECRET, invoicing_entities: [] }])[0]?.settings.invoicingEntities,
    ).toEqual([]);
  });

  it('takes a token from the environment', () => {
    const [tenant] = read([{ id: 'acme', token: { env: 'ACME_TOKEN' } }], { ACME_TOKEN: SECRET });

    expect(tenant?.token.reveal()).toBe(SECRET);
  });

  it('takes a token from a file, beside it or anywhere, without the line break at its end', () => {
    writeFileSync(join(folder, 'acme.token'), `${SECRET}\n`);
    const [near, far] = read([
      { id: 'near', token: { file: 'acme.token' } },
      { id: 'far', token: { file: join(folder, 'acme.token') } },
    ]);

    expect([near?.token.reveal(), far?.token.reveal()]).toEqual([SECRET, SECRET]);
  });

  it('shows no token when its tenants are printed', () => {
    const tenants = read([{ id: 'acme', token: SECRET }]);

    expect(JSON.stringify(tenants)).not.toContain(SECRET);
    expect(inspect(tenants, { depth: 9, showHidden: true })).not.toContain(SECRET);
  });

  const good = { id: 'acme', token: SECRET };
  it.each([
    ['no id', { token: SECRET }, /entry 2.*id/],
    ['an empty id', { ...good, id: '' }, /entry 2.*id/],
    ['an id of 65 characters', { ...good, id: 'a'.repeat(65) }, /entry 2.*id/],
    ['an id with a slash', { ...good, id: 'a/b' }, /entry 2.*id/],
    ['an id with a line break', { ...good, id: 'a\n' }, /entry 2.*id/],
    ['a number as id', { ...good, id: 1 }, /entry 2.*id/],
    ['a dot as id', { ...good, id: '.' }, /entry 2.*id/],
    ['two dots as id', { ...good, id: '..' }, /entry 2.*id/],
    ['an id that begins with _', { ...good, id: '_acme' }, /entry 2.*id/],
    ['null as name', { ...good, name: null }, /entry 2.*name/],
    ['half a surrogate pair in a name', { ...good, name: 'a\ud800' }, /entry 2: name .*well-formed/],
    [
      'a name that overrides the direction',
      { ...good, name: 'a\u202Eb' },
      /entry 2: name .*U\+202E at position 2/,
    ],
    ['a name that is not seen', { ...good, name: ' \u200B' }, /entry 2: name .*visible/],
    ['an unknown status', { ...good, status: 'Active' }, /entry 2.*status/],
    ['an unknown member', { ...good, tokens: [SECRET] }, /entry 2/],
    ['no token', { id: 'acme' }, /entry 2.*token/],
    ['null as token', { id: 'acme', token: null }, /entry 2.*token/],
    ['a number as token', { id: 'acme', token: 7 }, /entry 2.*token/],
    ['a list as token', { id: 'acme', token: [SECRET] }, /entry 2.*token/],
    ['an empty token', { id: 'acme', token: '' }, /entry 2.*token/],
    ['a token with a space', { id: 'acme', token: `${SECRET} x` }, /entry 2.*token/],
    ['a token with a line break', { id: 'acme', token: `${SECRET}\r\nX: 1` }, /entry 2.*token/],
    ['a token that is too long', { id: 'acme', token: SECRET.repeat(500) }, /entry 2.*token/],
    ['a variable that is not set', { id: 'acme', token: { env: 'NO_SUCH_TOKEN' } }, /entry 2.*NO_SUCH_TOKEN/],
    ['a variable that is empty', { id: 'acme', token: { env: 'EMPTY' } }, /entry 2.*token/],
    ['a file that is not there', { id: 'acme', token: { file: 'none.token' } }, /entry 2.*none\.token/],
    ['a folder as file', { id: 'acme', token: { file: '.' } }, /entry 2.*token/],
    ['both references', { id: 'acme', token: { env: 'EMPTY', file: 'x' } }, /entry 2.*token/],
    ['another reference', { id: 'acme', token: { vault: SECRET } }, /entry 2.*token/],
    ['no reference', { id: 'acme', token: {} }, /entry 2.*token/],
    ['a number as reference', { id: 'acme', token: { env: 1 } }, /entry 2.*token/],
    ['a URL that is none', { ...good, billing_api_url: 'billing' }, /entry 2.*billing_api_url/],
    [
      'a URL of another origin',
      { ...good, billing_api_url: 'https://evil.test' },
      /entry 2.*billing_api_url/,
    ],
    [
      'a URL of another scheme',
      { ...good, billing_api_url: 'http://billing.test' },
      /entry 2.*billing_api_url/,
    ],
    [
      'a URL of another port',
      { ...good, billing_api_url: 'https://billing.test:8443' },
      /entry 2.*billing_api_url/,
    ],
    [
      'a URL with a password',
      { ...good, billing_api_url: `https://u:${SECRET}@billing.test` },
      /entry 2.*billing_api_url/,
    ],
    [
      'a URL with a query',
      { ...good, billing_api_url: `https://billing.test?${SECRET}` },
      /entry 2.*billing_api_url/,
    ],
    ['text as invoicing entities', { ...good, invoicing_entities: 'ive_1' }, /entry 2.*invoicing_entities/],
    [
      'an invoicing entity that is none',
      { ...good, invoicing_entities: ['ive_1', 'x'] },
      /entry 2.*invoicing_entities/,
    ],
    ['null as invoicing entity', { ...good, invoicing_entities: [null] }, /entry 2.*invoicing_entities/],
    ['null', null, /entry 2/],
    ['text', SECRET, /entry 2/],
    ['a list', [good], /entry 2/],
  ])('is refused with the place of the fault, and without any token: %s', (_what, entry, fault) => {
    const faults = faultsOf([{ id: 'first', token: SECRET }, entry], { EMPTY: '' });

    expect(faults.join('\n')).toMatch(fault);
    expect(faults.join('\n')).not.toContain('entry 1');
  });

  it('names every fault at once', () => {
    const faults = faultsOf([
      { id: 'a b', token: '', status: 'x' },
      good,
      { id: 'globex', token: { env: 'NONE' }, billing_api_url: 'https://evil.test' },
      { ...good, name: 1 },
    ]).join('\n');

    for (const part of [
      /entry 1.*id/,
      /entry 1.*token/,
      /entry 1.*status/,
      /entry 3.*token/,
      /entry 3.*billing_api_url/,
      /entry 4.*name/,
      /acme.*more than once/,
    ]) {
      expect(faults).toMatch(part);
    }
  });

  it.each([
    ['nothing', ''],
    ['what is no JSON', `[{"id":"acme","token":"${SECRET}"`],
    ['a token alone', SECRET],
    ['an object', { acme: { token: SECRET } }],
    ['null', 'null'],
    ['text', JSON.stringify(SECRET)],
  ])('is refused as a whole when it holds %s', (_what, content) => {
    expect(faultsOf(content)).toHaveLength(1);
  });

  it('may begin with a byte order mark', () => {
    expect(read(`\uFEFF${JSON.stringify([good])}`)).toMatchObject([{ id: 'acme' }]);
  });

  it.each([
    ['UTF-16', Buffer.from(`\uFEFF${JSON.stringify([good])}`, 'utf16le')],
    ['Latin-1', Buffer.from(JSON.stringify([{ ...good, name: 'Söhne' }]), 'latin1')],
  ])('is refused in %s, in words', (_encoding, content) => {
    expect(faultsOf(content)).toEqual([expect.stringMatching(/tenants\.json is not UTF-8$/)]);
  });

  it('is refused when it is not there', () => {
    expect(() => readTenantsFile(join(folder, 'none.json'), billing, {})).toThrow(TenantsFileError);
    expect(() => readTenantsFile(folder, billing, {})).toThrow(TenantsFileError);
  });
});
