import { generateKeyPairSync, sign } from 'node:crypto';
import { cosignaturesOf, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { leafHash } from './merkle.js';
import {
  ED25519,
  ED25519_COSIGNATURE,
  isSignedByAny,
  readNote,
  readVkey,
  verifierKey,
  writeSignatureLine,
  writeVkey,
} from './signed-note.js';

/** The example of the specification. */
const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const TEXT = 'This is an example message.\n';
const LINE =
  '— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
const NOTE = `${TEXT}\n${LINE}`;
const KEY = readVkey(VKEY, ED25519);

describe('a signed note', () => {
  const verdict = (text: string): boolean | undefined => {
    const note = readNote(text);
    return note === undefined || KEY === undefined ? undefined : isSignedByAny(note, [KEY]);
  };

  it('of the specification verifies, and its parts are written as they were read', () => {
    expect(verdict(NOTE)).toBe(true);
    expect(KEY === undefined ? '' : writeVkey(KEY)).toBe(VKEY);
    expect(readNote(NOTE)?.signatures.map(writeSignatureLine)).toEqual([LINE]);
  });

  it('may have a text with empty lines, and signatures of others', () => {
    expect(readNote(`a\n\nb\n\n${LINE}`)?.text).toBe('a\n\nb\n');
    const other = LINE.replace('example.com/foo', 'example.com/bar');
    expect(verdict(`${TEXT}\n${other}${LINE}`)).toBe(true);
    expect(verdict(`${TEXT}\n${other}`)).toBe(false);
    expect(verdict(`${TEXT}\n${other.repeat(16)}${LINE}`)).toBe(true);
  });

  it.each([
    ['another text', NOTE.replace('example', 'exbmple'), false],
    ['another signature', NOTE.replace('Uw2QOkn8', 'Uw2QOkn9'), false],
    ['a wrong signature beside a good one', `${NOTE}${LINE.replace('Uw2QOkn8', 'Uw2QOkn9')}`, false],
    ['a shorter signature', NOTE.replace('kn8srV1', 'kn8'), false],
    ['no signature', `${TEXT}\n`, undefined],
    ['no empty line', `${TEXT}${LINE}`, undefined],
    ['no newline at its end', NOTE.slice(0, -1), undefined],
    ['a carriage return', NOTE.replaceAll('\n', '\r\n'), undefined],
    ['a hyphen for the dash', NOTE.replace('—', '-'), undefined],
    ['a key name with a space', NOTE.replace('com/foo', 'com /foo'), undefined],
    ['text behind the signatures', `${NOTE}more\n`, undefined],
    ['more signatures than anybody makes', `${TEXT}\n${LINE.repeat(65)}`, undefined],
    ['nothing', '', undefined],
  ])('with %s does not verify', (_, note, expected) => {
    expect(verdict(note)).toBe(expected);
  });

  it.each([
    ['another id', VKEY.replace('530d903a', '530d903b')],
    ['another name', VKEY.replace('foo', 'bar')],
    ['another type', VKEY.replace('+Aeky', '+Beky')],
    ['a shorter key', VKEY.slice(0, -4)],
    ['a space', `${VKEY} `],
  ])('a vkey with %s is none', (_, vkey) => {
    expect(readVkey(vkey, ED25519)).toBeUndefined();
  });
});

describe('a checkpoint', () => {
  const root = leafHash('x');

  it('has three lines', () => {
    const text = writeCheckpoint({ origin: 'log.example/acme', size: 20_852_163, root });
    expect(text).toBe(`log.example/acme\n20852163\n${root.toString('base64')}\n`);
    expect(readCheckpoint(text)).toEqual({ origin: 'log.example/acme', size: 20_852_163, root });
  });

  it.each([
    ...[
      '',
      'log\n',
      'log\n1\n',
      `\n1\n${root.toString('base64')}\n`,
      `log\n01\n${root.toString('base64')}\n`,
    ],
    ...[`log\n-1\n${root.toString('base64')}\n`, `log\n1\n${root.toString('base64')}`, 'log\n1\nAAAA\n'],
    ...[`log\n1\n${root.toString('base64')}\nextension\n`, `log\n1e3\n${root.toString('base64')}\n`],
    `log\n9999999999999999\n${root.toString('base64')}\n`,
  ])('is nothing else: %j', (text) => {
    expect(readCheckpoint(text)).toBeUndefined();
  });
});

describe('a cosignature', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const witness = verifierKey('witness.example/w1', ED25519_COSIGNATURE, raw);
  const text = writeCheckpoint({ origin: 'log.example/acme', size: 7, root: leafHash('x') });
  const cosign = (of: string, time: bigint, said = time): string => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(said);
    const message = `cosignature/v1\ntime ${time}\n${of}`;
    const signature = Buffer.concat([bytes, sign(null, Buffer.from(message), privateKey)]);
    return writeSignatureLine({ name: witness.name, id: witness.id, signature });
  };

  it('counts if the known witness made it of this checkpoint at the time that it names', () => {
    const good = cosign(text, 1_679_315_147n);
    expect(cosignaturesOf(`${LINE}${good}`, text, witness).map(writeSignatureLine)).toEqual([good]);
  });

  it.each([
    ['of another checkpoint', cosign(text.replace('7', '8'), 1_679_315_147n)],
    ['with another time', cosign(text, 1_679_315_147n, 1_679_315_148n)],
    ['of another witness', cosign(text, 1n).replace('w1', 'w2')],
    ['that is a note’s signature', LINE],
    ['that is cut', cosign(text, 1n).slice(0, 60)],
    ['that is nothing', '\n\n—\n'],
  ])('does not count %s', (_, lines) => {
    expect(cosignaturesOf(lines, text, witness)).toEqual([]);
  });
});
