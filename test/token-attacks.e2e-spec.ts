import { createHmac, createPublicKey, generateKeyPairSync, KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EncryptJWT, exportJWK, importJWK, type JWK, type JWTPayload } from 'jose';
import { AUDIENCE, createKey, ISSUER, type TestKey } from './support/identity-provider.js';
import { patchRaw } from './support/raw-request.js';
import { CUSTOMER_PATH, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';

const PATCH = { name: 'Acme AG' };

let bff: TestBff;
/** A second good key of the provider, RSA: what HMAC confusion needs. */
let rsa: TestKey;
let attackers: Attacker;

beforeAll(async () => {
  bff = await startBff();
  rsa = await createKey('key-rsa', 'RS256');
  attackers = await Attacker.start();
  const [rs512, es384] = await Promise.all([
    createKey('key-rs512', 'RS512'),
    createKey('key-es384', 'ES384'),
  ]);
  const symmetric = { kty: 'oct', k: SYMMETRIC.toString('base64url'), kid: 'key-oct', alg: 'HS256' };
  bff.idp.keys = [bff.idp.key, rsa, rs512, es384, { ...rsa, kid: 'key-oct', jwk: symmetric }];
  KEYS['key-rs512'] = rs512;
  KEYS['key-es384'] = es384;
});
afterAll(async () => {
  await Promise.all([bff.stop(), attackers.stop()]);
});
beforeEach(() => {
  bff.upstream.requests.length = 0;
});

const SYMMETRIC = Buffer.alloc(32, 7);
const KEYS: Record<string, TestKey> = {};

describe('tokens that are good, so that the refusals below mean something', () => {
  it.each<[string, () => Promise<string> | string]>([
    ['signed with ES256', () => bff.idp.token()],
    ['signed with RS256', () => bff.idp.token({}, { key: rsa })],
    ['put together by hand', () => handmade({ alg: 'RS256', kid: 'key-rsa' }, signedBy(rsa))],
    [
      'for several audiences, ours among them',
      () => bff.idp.token({ aud: ['https://other.test', AUDIENCE] }),
    ],
    ['of type JWT', () => bff.idp.token({}, { header: { typ: 'JWT' } })],
    ['of type at+jwt (RFC 9068)', () => bff.idp.token({}, { header: { typ: 'at+jwt' } })],
    ['of that type in full', () => bff.idp.token({}, { header: { typ: 'application/AT+JWT' } })],
    ['without sub: its client is the subject', () => bff.idp.token({ sub: undefined })],
    ['with claims of the wrong types', () => bff.idp.token(ODD)],
    ['expired within the clock tolerance', () => bff.idp.token({}, { expiresIn: -2 })],
    ['not yet valid within the clock tolerance', () => bff.idp.token({ nbf: inSeconds(3) })],
  ])('%s', async (_, token) => {
    const answer = await patchWith(await token());
    expect(answer.status).toBe(200);
    expect(bff.upstream.methods).toEqual(['GET', 'PATCH']);
  });

  it('under a scheme in lower case: RFC 9110 compares it without case', async () => {
    const answer = await bff.patch(PATCH, { Authorization: `bearer ${await bff.idp.token()}` });
    expect(answer.status).toBe(200);
  });
});

/** Claims that mean nothing here, deep and long ones included. */
const ODD: JWTPayload = {
  act: JSON.parse(`${'{"act":'.repeat(1_000)}{}${'}'.repeat(1_000)}`) as object,
  gty: ['client-credentials'],
  idtyp: { app: true },
  preferred_username: 7,
  azp: ['x'],
  scp: [...Array.from({ length: 500 }, () => 'a'), null, 1, {}, ['customers:write']],
  constructor: 'x',
  toString: null,
  hasOwnProperty: { call: 1 },
};

describe('a token without a signature that counts', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', '', ' none'])('alg %j', async (alg) => {
    await refused(handmade({ alg, kid: 'key-1' }, () => Buffer.alloc(0)));
    await refused(handmade({ alg }, () => Buffer.alloc(0)));
  });

  it('without alg', () => refused(handmade({ kid: 'key-1' }, () => Buffer.alloc(0))));

  it('with alg none and the signature of a good token', async () => {
    const [, , signature = ''] = (await bff.idp.token()).split('.');
    await refused(handmade({ alg: 'none', kid: 'key-1' }, () => Buffer.from(signature, 'base64url')));
  });

  it('with the signature left out or emptied', async () => {
    const [header = '', payload = ''] = (await bff.idp.token()).split('.');
    await refused(`${header}.${payload}.`);
    await refused(`${header}.${payload}`);
  });
});

describe('HMAC with something public as the secret', () => {
  const secrets: [string, () => Buffer][] = [
    ['the public key as SPKI PEM', () => Buffer.from(pemOf(rsa, 'spki'))],
    ['the same without the last line break', () => Buffer.from(pemOf(rsa, 'spki').trimEnd())],
    ['the public key as PKCS#1 PEM', () => Buffer.from(pemOf(rsa, 'pkcs1'))],
    ['the public key as DER', () => publicKeyOf(rsa).export({ format: 'der', type: 'spki' })],
    ['the bytes of the JWK', () => Buffer.from(JSON.stringify(rsa.jwk))],
    ['the modulus', () => Buffer.from(rsa.jwk.n ?? '', 'base64url')],
    ['the modulus as text', () => Buffer.from(rsa.jwk.n ?? '')],
    ['nothing', () => Buffer.alloc(0)],
  ];
  it.each(secrets)('%s', async (_, secret) => {
    for (const [alg, hash] of [
      ['HS256', 'sha256'],
      ['HS512', 'sha512'],
    ] as const) {
      const hmac = (input: Buffer): Buffer => createHmac(hash, secret()).update(input).digest();
      await refused(handmade({ alg, kid: 'key-rsa' }, hmac));
      await refused(handmade({ alg }, hmac));
    }
  });

  it('the PEM of the EC key', async () => {
    const pem = publicKeyOf(bff.idp.key).export({ format: 'pem', type: 'spki' });
    const hmac = (input: Buffer): Buffer => createHmac('sha256', pem).update(input).digest();
    await refused(handmade({ alg: 'HS256', kid: 'key-1' }, hmac));
  });

  it('a symmetric key, even one that the key set itself holds', async () => {
    const hmac = (input: Buffer): Buffer => createHmac('sha256', SYMMETRIC).update(input).digest();
    await refused(handmade({ alg: 'HS256', kid: 'key-oct' }, hmac));
  });
});

describe('somebody else’s key', () => {
  it('under the kid of a good one', async () => {
    await refused(await bff.idp.token({}, { key: await createKey('key-1') }));
    await refused(await bff.idp.token({}, { key: await createKey('key-rsa', 'RS256') }));
  });

  it('under no kid', async () => {
    await refused(await bff.idp.token({}, { key: await createKey('x'), header: { kid: undefined } }));
    await refused(
      await bff.idp.token({}, { key: await createKey('x', 'RS256'), header: { kid: undefined } }),
    );
  });

  it.each(['../../dev/null', 'key-1\u0000', "' or 1=1 --", '', '__proto__', 'k'.repeat(2000)])(
    'under the kid %j',
    async (kid) => {
      await refused(await bff.idp.token({}, { key: await createKey('x'), header: { kid } }));
    },
  );

  it.each<[string, (key: TestKey) => Record<string, unknown>]>([
    ['jku', () => ({ jku: attackers.url })],
    ['jku, with another kid', (key) => ({ jku: attackers.url, kid: key.kid })],
    ['jku as a list', () => ({ jku: [attackers.url] })],
    ['x5u', () => ({ x5u: attackers.url })],
    ['jwk', (key) => ({ jwk: key.jwk })],
    ['jwk, with no kid', (key) => ({ jwk: key.jwk, kid: undefined })],
    ['jwk and jku', (key) => ({ jwk: key.jwk, jku: attackers.url })],
    ['x5c', () => ({ x5c: ['MIIBszCCAVmgAwIBAgIUQ'] })],
    ['x5c and x5t', () => ({ x5c: ['MIIBszCCAVmgAwIBAgIUQ'], x5t: 'AAAA', 'x5t#S256': 'AAAA' })],
  ])('brought along as %s', async (_, header) => {
    for (const alg of ['ES256', 'RS256']) {
      const kid = alg === 'ES256' ? 'key-1' : 'key-rsa';
      const key = { ...(await createKey('attacker', alg)), kid };
      attackers.serve(key);
      await refused(await bff.idp.token({}, { key, header: header({ ...key, kid: 'attacker' }) }));
    }
    expect(attackers.requests).toBe(0);
  });

  it('made from nothing but an invalid curve point or a tiny modulus', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256' };
    const signer = (input: Buffer): Buffer => sign('sha256', input, privateKey);
    await refused(handmade({ alg: 'RS256', kid: 'key-1', jwk }, signer));
  });

  it('a signature of nothing: r = s = 0 (CVE-2022-21449)', async () => {
    await refused(handmade({ alg: 'ES256', kid: 'key-1' }, () => Buffer.alloc(64)));
  });

  it('a signature in DER instead of r ‖ s', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await refused(handmade({ alg: 'ES256', kid: 'key-1' }, (input) => sign('sha256', input, privateKey)));
  });
});

describe('an algorithm that is not allowed, with a key that the key set holds', () => {
  it.each(['key-rs512', 'key-es384'])('%s', async (kid) => {
    await refused(await bff.idp.token({}, { key: KEYS[kid] ?? rsa }));
  });

  it('RS384 and RS512 with the key for RS256', async () => {
    for (const [alg, hash] of [
      ['RS384', 'sha384'],
      ['RS512', 'sha512'],
    ] as const) {
      const key = privateKeyOf(rsa);
      await refused(handmade({ alg, kid: 'key-rsa' }, (input) => sign(hash, input, key)));
    }
  });

  it('PS256 with a key that the key set keeps for RS256', async () => {
    const key = privateKeyOf(rsa);
    const padding = { key, padding: 6, saltLength: 32 };
    await refused(handmade({ alg: 'PS256', kid: 'key-rsa' }, (input) => sign('sha256', input, padding)));
  });
});

describe('a header that asks for more', () => {
  it.each<[string, Record<string, unknown>]>([
    ['an unknown critical extension', { crit: ['urn:example:x'], 'urn:example:x': true }],
    ['an empty crit', { crit: [] }],
    ['a crit that is no list', { crit: 'exp' }],
    ['a critical member that is missing', { crit: ['exp'] }],
    ['an unencoded payload (RFC 7797)', { crit: ['b64'], b64: false }],
    ['to be a logout token', { typ: 'logout+jwt' }],
    ['to be a DPoP proof', { typ: 'dpop+jwt' }],
    ['to be an ID token', { typ: 'id_token+jwt' }],
    ['to be of an empty type', { typ: '' }],
    ['to be of a type that is no text', { typ: ['JWT'] }],
  ])('%s', async (_, header) => {
    await refused(handmade({ alg: 'RS256', kid: 'key-rsa', ...header }, signedBy(rsa)));
  });
});

describe('claims', () => {
  it.each<[string, JWTPayload]>([
    ['no exp', { exp: undefined }],
    ['expired', { exp: inSeconds(-60) }],
    ['expired long ago', { exp: 1 }],
    ['exp 0', { exp: 0 }],
    ['exp as text', { exp: '9999999999' as unknown as number }],
    ['exp null', { exp: null as unknown as number }],
    ['nbf in the future', { nbf: inSeconds(60) }],
    ['nbf as text', { nbf: '0' as unknown as number }],
    ['another issuer', { iss: 'https://evil.test/' }],
    ['an issuer that ours begins', { iss: `${ISSUER}evil` }],
    ['the issuer without its slash', { iss: ISSUER.slice(0, -1) }],
    ['the issuer in upper case', { iss: ISSUER.toUpperCase() }],
    ['no issuer', { iss: undefined }],
    ['a list of issuers', { iss: [ISSUER] as unknown as string }],
    ['another audience', { aud: 'https://other.test' }],
    ['a list of other audiences', { aud: ['https://other.test', `${AUDIENCE}/`] }],
    ['an empty list of audiences', { aud: [] }],
    ['no audience', { aud: undefined }],
    ['an audience that contains ours', { aud: `x ${AUDIENCE}` }],
    ['an audience that is a number', { aud: 1 as unknown as string }],
    ['an audience that is an object', { aud: { 0: AUDIENCE } as unknown as string }],
    ['neither sub nor client', { sub: undefined, client_id: undefined }],
    ['a sub of 2,000 characters', { sub: 'x'.repeat(2_000) }],
    ['an empty sub', { sub: '' }],
    ['sub as a number', { sub: 7 as unknown as string }],
    ['sub as a list', { sub: ['user-1'] as unknown as string }],
    ['sub as an object', { sub: { id: 'user-1' } as unknown as string }],
    ['sub null', { sub: null as unknown as string }],
    ['sub with a line break', { sub: 'user\n-1' }],
    ['sub with NUL', { sub: 'user\u0000-1' }],
    ['sub with a lone surrogate', { sub: 'user\ud800' }],
    ['sub with a bidirectional override', { sub: 'admin\u202e1-resu' }],
    ['sub with a bidirectional isolate', { sub: 'user\u2066-1' }],
    ['sub with a zero-width space', { sub: 'user\u200b-1' }],
    ['sub with a tag character', { sub: 'user-1\u{e0041}' }],
    ['sub with a Hangul filler', { sub: 'user-1\u3164' }],
    ['bound to a key (cnf, RFC 7800)', { cnf: { jkt: 'x' } }],
    ['bound to nothing that is known', { cnf: null }],
  ])('%s', async (_, claims) => {
    await refused(await bff.idp.token(claims));
  });

  it.each<[string, string]>([
    ['a list', '[]'],
    ['a text', '"user-1"'],
    ['null', 'null'],
    ['not JSON', '{'],
    ['nothing', ''],
    ['bytes that are not UTF-8', '\u00ff\u00fe'],
  ])('a payload that is %s', async (_, payload) => {
    const input = `${encoded({ alg: 'RS256', kid: 'key-rsa' })}.${Buffer.from(payload, 'latin1').toString('base64url')}`;
    const key = privateKeyOf(rsa);
    await refused(`${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`);
  });

  it('a payload changed after signing', async () => {
    const [header = '', payload = '', signature = ''] = (await bff.idp.token({ tenant_id: 'acme' })).split(
      '.',
    );
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    await refused(`${header}.${encoded({ ...claims, tenant_id: 'globex' })}.${signature}`);
    await refused(`${header}.${encoded({ ...claims, scope: 'tenants:any customers:write' })}.${signature}`);
  });
});

describe('text that is no token', () => {
  it('an encrypted token (JWE)', async () => {
    const key = await importJWK({ ...rsa.jwk, alg: 'RSA-OAEP-256', use: 'enc' }, 'RSA-OAEP-256');
    const jwe = new EncryptJWT({ ...claimsNow() })
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'key-rsa' })
      .encrypt(key);
    await refused(await jwe);
    const direct = new EncryptJWT({ ...claimsNow() }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' });
    await refused(await direct.encrypt(SYMMETRIC));
  });

  it('a good token cut anywhere, or with something added', async () => {
    const token = await bff.idp.token();
    for (let length = 1; length < token.length; length += 61) await refused(token.slice(0, length));
    await refused(token.slice(1));
    for (const more of ['.', '.x', '..', '=', ' x', ',x']) await refused(`${token}${more}`);
  });

  it.each(['', ' ', '.', '..', '...', 'undefined', 'null', 'e30.e30.e30', '\u00e4.\u00f6.\u00fc', '{}'])(
    '%j',
    (text) => refused(text),
  );

  it.each(['Basic dXNlcjpwYXNz', 'Bearer', 'Token', 'bearer', 'Digest x', 'DPoP', ''])(
    'the header %j',
    async (authorization) => {
      await refusedHeaders({ Authorization: authorization });
    },
  );

  it.each(['Basic', 'DPoP', 'Token', 'BearerToken', 'Bearer,', ''])(
    'a good token under the scheme %j',
    async (scheme) => {
      await refusedHeaders({ Authorization: `${scheme} ${await bff.idp.token()}` });
    },
  );

  it('two good tokens in one header', async () => {
    const token = await bff.idp.token();
    await refusedHeaders({ Authorization: `Bearer ${token}, Bearer ${token}` });
    await refusedHeaders({ Authorization: `Bearer ${token} ${token}` });
  });

  it('a good token of 20,000 characters, or of the most that a header may have', async () => {
    const long = await bff.idp.token({ padding: 'x'.repeat(15_000) });
    const answer = await patchWith(long);
    expect([400, 401]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(bff.upstream.requests).toHaveLength(0);
  });
});

describe('a good token elsewhere than in the one Authorization header', () => {
  it('in a query or a cookie', async () => {
    const token = await bff.idp.token();
    for (const name of ['access_token', 'token', 'authorization', 'Authorization', 'jwt']) {
      const path = `${CUSTOMER_PATH}?${name}=${encodeURIComponent(`Bearer ${token}`)}`;
      expectRefused(await bff.send('PATCH', `${CUSTOMER_PATH}?${name}=${token}`, PATCH, NO_TOKEN));
      expectRefused(await bff.send('PATCH', path, PATCH, NO_TOKEN));
      expectRefused(await bff.patch(PATCH, { ...NO_TOKEN, Cookie: `${name}=${token}` }));
    }
  });

  it('in other headers or in the body', async () => {
    const token = await bff.idp.token();
    for (const name of [
      'X-Access-Token',
      'Proxy-Authorization',
      'X-Authorization',
      'X-Forwarded-Access-Token',
    ]) {
      expectRefused(await bff.patch(PATCH, { ...NO_TOKEN, [name]: `Bearer ${token}` }));
    }
    expectRefused(await bff.patch({ ...PATCH, access_token: token }, NO_TOKEN));
  });

  it('in one of two Authorization headers, wherever it stands', async () => {
    const good = `Bearer ${await bff.idp.token()}`;
    const bad = 'Bearer x.y.z';
    for (const headers of [
      [good, bad],
      [bad, good],
      [good, good],
    ]) {
      expect(await statusOfRaw(headers)).toBe(401);
    }
    expect(bff.upstream.requests).toHaveLength(0);
  });
});

describe('the log line of a refused token says why, without a value', () => {
  const good = { alg: 'RS256', kid: 'key-rsa' };
  it.each<[string, () => Promise<string> | string]>([
    ['authorization: none, or no single Bearer token', () => ''],
    ['token: not well-formed', () => 'x.y.z'],
    ['alg: not allowed', () => handmade({ ...good, alg: 'none' }, () => Buffer.alloc(0))],
    ['kid: no such key', () => handmade({ ...good, kid: 'unmistakable' }, signedBy(rsa))],
    ['signature: not by a known key', () => handmade(good, () => Buffer.alloc(256))],
    ['signature: not by a known key', () => handmade({ alg: 'RS256' }, () => Buffer.alloc(256))],
    ['typ: not accepted', () => handmade({ ...good, typ: 'unmistakable' }, signedBy(rsa))],
    ['crit: not supported', () => handmade({ ...good, crit: ['unmistakable'] }, signedBy(rsa))],
    ['exp: missing', () => bff.idp.token({ exp: undefined })],
    ['exp: in the past', () => bff.idp.token({ exp: inSeconds(-60) })],
    ['nbf: in the future', () => bff.idp.token({ nbf: inSeconds(60) })],
    ['iss: not accepted', () => bff.idp.token({ iss: 'https://unmistakable.test' })],
    ['aud: not accepted', () => bff.idp.token({ aud: 'unmistakable' })],
    ['aud: missing', () => bff.idp.token({ aud: undefined })],
    ['sub: missing', () => bff.idp.token({ sub: undefined, client_id: undefined })],
    ['sub: not usable', () => bff.idp.token({ sub: 'unmistakable\u202e' })],
    ['cnf: bound tokens are not supported', () => bff.idp.token({ cnf: { jkt: 'unmistakable' } })],
  ])('%s', async (reason, token) => {
    const before = bff.logs().length;
    const { status, headers } = await patchWith(await token());
    const id = headers.get('x-request-id') ?? '';
    const lines = bff.logs().slice(before).split('\n');
    const line = lines.find((text) => text.includes(id) && text.includes('"msg":"request"')) ?? '{}';
    expect(status).toBe(401);
    expect(JSON.parse(line)).toMatchObject({ status: 401, problem: 'unauthenticated', reason });
    expect(line).not.toContain('unmistakable');
  });
});

it('none of all this was recorded in the trail, or quoted in the log', async () => {
  const [header = ''] = (await bff.idp.token({}, { key: rsa })).split('.');
  await refused(handmade({ alg: 'none', kid: 'key-rsa' }, () => Buffer.from('unmistakable')));
  expect(bff.logs()).not.toContain(Buffer.from('unmistakable').toString('base64url'));
  expect(bff.logs()).not.toContain(header);
  const refusals = await bff.database.kysely
    .selectFrom('audit_event')
    .where('phase', '=', 'refusal')
    .select('event')
    .execute();
  expect(refusals).toEqual([]);
});

const NO_TOKEN = { Authorization: '' };

async function refused(token: string): Promise<void> {
  expectRefused(await patchWith(token));
}

async function refusedHeaders(headers: Record<string, string>): Promise<void> {
  expectRefused(await bff.patch(PATCH, headers));
}

function expectRefused({ status, headers, body }: TestAnswer): void {
  expect(bff.upstream.requests).toHaveLength(0);
  expect({ status, challenge: headers.get('www-authenticate') }).toEqual({
    status: 401,
    challenge: 'Bearer error="invalid_token"',
  });
  expect(headers.get('content-type')).toContain('application/problem+json');
  expect(headers.get('x-operation-id')).toBeNull();
  expect(body).toEqual({
    type: 'urn:billing-bff:problem:unauthenticated',
    title: expect.any(String) as unknown,
    status: 401,
    detail: expect.any(String) as unknown,
    instance: expect.any(String) as unknown,
    code: 'UNAUTHORIZED',
    message: (body as { detail: string }).detail,
    request_id: headers.get('x-request-id'),
  });
}

/** Latin-1, as HTTP has it: fetch takes no other text in a header. */
function patchWith(token: string): Promise<TestAnswer> {
  return bff.patch(PATCH, { Authorization: `Bearer ${token}` });
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

function claimsNow(): JWTPayload {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'user-1',
    scope: 'customers:write audit:read tenants:any',
    tenant_id: 'acme',
    exp: inSeconds(300),
  };
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A token of any header, good claims, and whatever the signer makes of it. */
function handmade(header: object, signer: (input: Buffer) => Buffer): string {
  const input = `${encoded(header)}.${encoded(claimsNow())}`;
  return `${input}.${signer(Buffer.from(input)).toString('base64url')}`;
}

function publicKeyOf({ jwk }: TestKey): ReturnType<typeof createPublicKey> {
  return createPublicKey({ key: jwk, format: 'jwk' });
}

function pemOf(key: TestKey, type: 'spki' | 'pkcs1'): string {
  return publicKeyOf(key).export({ format: 'pem', type }).toString();
}

function privateKeyOf({ privateKey }: TestKey): KeyObject {
  return KeyObject.from(privateKey);
}

function signedBy(key: TestKey): (input: Buffer) => Buffer {
  return (input) => sign('sha256', input, privateKeyOf(key));
}

/** Two header lines, as fetch never sends them. */
async function statusOfRaw(authorizations: readonly string[]): Promise<number> {
  const body = JSON.stringify(PATCH);
  const { host } = new URL(bff.url);
  const headers = ['Host', host, 'Content-Type', 'application/json', 'Content-Length', `${body.length}`];
  const lines = authorizations.flatMap((value) => ['Authorization', value]);
  return (await patchRaw(bff.url, CUSTOMER_PATH, { headers: [...headers, ...lines], body })).status;
}

/** A server that a token may point to, with a key set of its own. */
class Attacker {
  requests = 0;
  private keys: JWK[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Attacker> {
    const server = createServer();
    const attacker = new Attacker(server);
    server.on('request', (_request, response) => {
      attacker.requests += 1;
      response.end(JSON.stringify({ keys: attacker.keys }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return attacker;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/jwks`;
  }

  serve({ jwk }: TestKey): void {
    this.keys = [jwk, { ...jwk, kid: 'key-1' }];
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
