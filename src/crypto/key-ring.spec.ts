import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { compactDecrypt } from 'jose';
import { KeyRing, Undecryptable } from './key-ring.js';

const key = (kid: string): { kid: string; key: Uint8Array } => ({ kid, key: randomBytes(32) });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('KeyRing', () => {
  it('decrypts what it encrypted, whatever it was', async () => {
    const ring = new KeyRing([key('a')]);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fc.string(), async (plaintext, context) => {
        const { jwe } = await ring.encrypt(plaintext, context);
        expect(Buffer.from(await ring.decrypt(jwe, context))).toEqual(Buffer.from(plaintext));
      }),
    );
  });

  it('encrypts with the first key and decrypts with any', async () => {
    const [old, next] = [key('old'), key('next')];
    const stored = await new KeyRing([old]).encrypt(bytes('secret'), 'here');
    const ring = new KeyRing([next, old]);
    expect(Buffer.from(await ring.decrypt(stored.jwe, 'here')).toString()).toBe('secret');
    expect((await ring.encrypt(bytes('secret'), 'here')).kid).toBe('next');
  });

  it('does not decrypt a value that was moved to another place', async () => {
    const ring = new KeyRing([key('a')]);
    const { jwe } = await ring.encrypt(bytes('secret'), 'token acme 1');
    await expect(ring.decrypt(jwe, 'token globex 1')).rejects.toThrow(Undecryptable);
  });

  it('names the key that is missing', async () => {
    const { jwe } = await new KeyRing([key('gone')]).encrypt(bytes('secret'), 'here');
    await expect(new KeyRing([key('a')]).decrypt(jwe, 'here')).rejects.toMatchObject({ missingKid: 'gone' });
  });

  it('refuses a value of which any bit was changed', async () => {
    const ring = new KeyRing([key('a')]);
    const { jwe } = await ring.encrypt(bytes('secret'), 'here');
    // Header, initialisation vector, ciphertext and tag; `dir` has no encrypted key.
    const parts = jwe.split('.');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 2, 3, 4), fc.nat(1_000), fc.nat(7), async (part, at, bit) => {
        const changed = Buffer.from(parts[part] ?? '', 'base64url');
        const index = at % changed.length;
        changed.writeUInt8(changed.readUInt8(index) ^ (1 << bit), index);
        const tampered = parts.map((text, other) => (other === part ? changed.toString('base64url') : text));
        await expect(ring.decrypt(tampered.join('.'), 'here')).rejects.toThrow(Undecryptable);
      }),
    );
  });
});

it('makes JWEs that any library reads (RFC 7516)', async () => {
  const { key: secret, ...rest } = key('a');
  const { jwe } = await new KeyRing([{ key: secret, ...rest }]).encrypt(bytes('secret'), 'here');
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, secret);
  expect([Buffer.from(plaintext).toString(), protectedHeader]).toEqual([
    'secret',
    { alg: 'dir', enc: 'A256GCM', kid: 'a', ctx: 'here' },
  ]);
});
