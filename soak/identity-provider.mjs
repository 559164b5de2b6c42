// An identity provider whose signing key can be rolled.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, SignJWT } from 'jose';
import { answer, undoLater } from '../bench/harness.mjs';

export const ISSUER = 'https://idp.example.com/';
export const AUDIENCE = 'billing-bff';
/** A caller renews its token after so many milliseconds. */
const RENEW_AFTER = 20_000;

export async function startIdentityProvider() {
  const keys = [];
  let rolled = 0;
  /** Tokens are signed with the new key at once; the old one stays in the set until it is retired. */
  const roll = async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const kid = `soak-${(rolled += 1)}`;
    keys.unshift({
      kid,
      privateKey,
      jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' },
    });
  };
  await roll();
  const server = createServer((_request, response) => answer(response, { keys: keys.map(({ jwk }) => jwk) }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  undoLater(() => {
    server.closeAllConnections();
    server.close();
  });
  const sign = ({ sub, scope, tenant }) =>
    new SignJWT({ scope, client_id: 'soak', ...(tenant === undefined ? {} : { tenant_id: tenant }) })
      .setProtectedHeader({ alg: 'ES256', kid: keys[0].kid })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(sub)
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(keys[0].privateKey);
  return {
    url: `http://127.0.0.1:${server.address().port}/jwks`,
    roll,
    retireOldKeys: () => keys.splice(1),
    /** What gives a caller its current token. */
    caller(identity) {
      let token;
      let renewedAt = 0;
      return async () => {
        if (Date.now() - renewedAt > RENEW_AFTER) {
          renewedAt = Date.now();
          token = await sign(identity);
        }
        return token;
      };
    },
  };
}
