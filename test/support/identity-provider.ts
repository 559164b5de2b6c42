import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type CryptoKey, type JWK, type JWTPayload, SignJWT } from 'jose';

export interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function createKey(kid: string, alg = 'ES256'): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export const AUDIENCE = 'https://bff.test';
export const ISSUER = 'https://idp.test/';

export interface TokenOptions {
  readonly key?: TestKey;
  readonly header?: Record<string, unknown>;
  /** Seconds from now. */
  readonly expiresIn?: number;
}

/** An identity provider of tests: real keys, a real JWKS endpoint. */
export class TestIdentityProvider {
  /** What the JWKS endpoint gives. */
  keys: TestKey[];
  /** How often the JWKS was asked for. */
  requests = 0;
  private server: Server | undefined;
  private port = 0;

  private constructor(readonly key: TestKey) {
    this.keys = [key];
  }

  static async start(): Promise<TestIdentityProvider> {
    const provider = new TestIdentityProvider(await createKey('key-1'));
    await provider.listen();
    return provider;
  }

  get jwksUrl(): string {
    return `http://127.0.0.1:${this.port}/jwks`;
  }

  /** A token of a user of the tenant `acme` who may patch and read the audit, unless told otherwise. */
  token(claims: JWTPayload = {}, options: TokenOptions = {}): Promise<string> {
    const payload = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'user-1',
      client_id: 'frontend',
      scope: 'customers:write audit:read',
      tenant_id: 'acme',
      ...claims,
    };
    return this.tokenOf(payload, options);
  }

  /** A token of these claims alone, with its times. */
  tokenOf(
    claims: JWTPayload,
    { key = this.key, header = {}, expiresIn = 300 }: TokenOptions = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iat: now, exp: now + expiresIn, ...claims })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
      .sign(key.privateKey);
  }

  async listen(): Promise<void> {
    const server = createServer((_request, response) => {
      this.requests += 1;
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ keys: this.keys.map(({ jwk }) => jwk) }));
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
