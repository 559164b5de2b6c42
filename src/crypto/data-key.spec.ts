import { DataKey } from './data-key.js';
import { Undecryptable } from './key-ring.js';

const KEY = new Uint8Array(32).fill(7);
const TEXT = JSON.stringify({ name: 'Ärger & Söhne', emails: [] });

it('decrypts what it encrypted', () => {
  const key = new DataKey(KEY);
  expect(key.decrypt(key.encrypt(TEXT, 'here'), 'here')).toBe(TEXT);
  expect(key.decrypt(key.encrypt('', 'here'), 'here')).toBe('');
});

it('never encrypts a value twice in the same way, and shows nothing but its length', () => {
  const key = new DataKey(KEY);
  const values = Array.from({ length: 1_000 }, () => key.encrypt(TEXT, 'here'));
  expect(new Set(values.map((value) => value.toString('hex'))).size).toBe(1_000);
  expect(new Set(values.map((value) => value.toString('hex', 0, 12))).size).toBe(1_000);
  expect(values[0]).toHaveLength(12 + Buffer.byteLength(TEXT) + 16);
});

it.each([
  ['at another place', (value: Buffer): [Buffer, string] => [value, 'there']],
  ['with a changed byte', (value: Buffer): [Buffer, string] => [value.fill(value[20] ?? 0, 21, 22), 'here']],
  ['that was cut off', (value: Buffer): [Buffer, string] => [value.subarray(0, -1), 'here']],
  ['shorter than any', (): [Buffer, string] => [Buffer.from('short'), 'here']],
])('refuses a value %s', (_, tamper) => {
  const key = new DataKey(KEY);
  const [value, place] = tamper(key.encrypt(TEXT, 'here'));
  expect(() => key.decrypt(value, place)).toThrow(Undecryptable);
});

it('refuses a value of another key', () => {
  const value = new DataKey(new Uint8Array(32)).encrypt(TEXT, 'here');
  expect(() => new DataKey(KEY).decrypt(value, 'here')).toThrow(Undecryptable);
});

it('derives other bytes for each key and purpose, and for years the same', () => {
  const hex = (key: Uint8Array, purpose: string): string =>
    new DataKey(key).derive(purpose, 8).toString('hex');
  expect(hex(KEY, 'salts')).toBe('1dfcfa0551542407');
  expect(hex(KEY, 'salts ')).not.toBe(hex(KEY, 'salts'));
  expect(hex(new Uint8Array(32), 'salts')).not.toBe(hex(KEY, 'salts'));
  const parts = new DataKey(KEY).derive('salts', 4_800).toString('hex').match(/.{32}/g);
  expect(new Set(parts).size).toBe(300);
});

it('shows no bytes of a key', () => {
  const key = new DataKey(KEY);
  expect([JSON.stringify(key), Object.keys(key)]).toEqual(['{"key":{}}', ['key']]);
});
