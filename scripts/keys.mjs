// Prints fresh keys as lines of an env file: `npm run --silent keys >> .env`. Their ids have the day, so that it is plain
// which one is older when they are rotated.
import { randomBytes } from 'node:crypto';

const day = new Date().toISOString().slice(0, 10);
for (const name of ['ENCRYPTION_KEYS', 'AUDIT_SIGNING_KEYS']) {
  const kid = `${day}-${randomBytes(2).toString('hex')}`;
  console.log(`${name}=${kid}:${randomBytes(32).toString('base64url')}`);
}
