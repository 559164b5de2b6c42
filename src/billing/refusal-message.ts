/** Maximum characters that a caller gets. */
const MAX_LENGTH = 500;
/** Code units that are read: enough for the result and for the parts that are removed. */
const MAX_LOOKED_AT = 4_000;

/**
 * The `message` of the billing API's own error shape (U10), as plain text for the caller; undefined if there is none,
 * as in a text/plain answer.
 * @param token the token that was sent; it is removed from the message
 */
export function refusalMessage(answer: unknown, token: string): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('message' in answer)) return undefined;
  const { message } = answer;
  if (typeof message !== 'string') return undefined;
  const text = message.slice(0, MAX_LOOKED_AT).toWellFormed();
  const plain = withoutToken(text, token).replace(/[\p{Cc}\u2028-\u202E]+/gu, ' ');
  return Array.from(plain).slice(0, MAX_LENGTH).join('').trim() || undefined;
}

/** This many characters of a token in a row are removed. */
const WINDOW = 8;

/**
 * The text without any eight or more characters of the token in a row: unchanged, in another case, with punctuation
 * or white space in between, or encoded in base64, hexadecimal or per cent. A word that is also a part of the token
 * is removed by mistake, which does little harm.
 */
function withoutToken(text: string, token: string): string {
  const characters = Array.from(text);
  const secret = new Set<number>();
  for (const [start, end] of SIEVES.flatMap((sieve) => placesOf(token, characters, sieve))) {
    for (let index = start; index <= end; index += 1) secret.add(index);
  }
  return characters
    .map((character, index) => {
      if (!secret.has(index)) return character;
      return secret.has(index - 1) ? '' : '[redacted]';
    })
    .join('');
}

/** A text prepared for a comparison: without characters that may stand in between, and in one case. */
interface Sieve {
  readonly ignored: RegExp;
  /** The shortest token that can be recognised. */
  readonly least: number;
}

const SIEVES: readonly Sieve[] = [
  { ignored: /[\s\p{C}\p{Default_Ignorable_Code_Point}]/gu, least: 1 },
  { ignored: /[^a-z0-9]/gu, least: WINDOW },
];

/** First and last index of every part of the text that is a part of the token. */
function placesOf(token: string, characters: readonly string[], sieve: Sieve): (readonly [number, number])[] {
  const kept = characters.flatMap((character, index) =>
    Array.from(sifted(character, sieve), (letter) => ({ letter, index })),
  );
  const text = kept.map(({ letter }) => letter).join('');
  return spellingsOf(token).flatMap(({ spelling, least, window }) => {
    const letters = sifted(spelling, sieve);
    if (letters.length < Math.max(least, sieve.least)) return [];
    const length = Math.min(window, letters.length);
    const parts = new Set(Array.from(letters.slice(length - 1), (_, at) => letters.slice(at, at + length)));
    return kept.flatMap(({ index }, at) => {
      const last = kept[at + length - 1];
      return last !== undefined && parts.has(text.slice(at, at + length))
        ? [[index, last.index] as const]
        : [];
    });
  });
}

function sifted(text: string, { ignored }: Sieve): string {
  return text.normalize('NFKC').toLowerCase().replace(ignored, '');
}

interface Spelling {
  readonly spelling: string;
  /** A shorter one is too common to be recognised. */
  readonly least: number;
  /** Characters that encode at most eight of the token's. */
  readonly window: number;
}

function spellingsOf(token: string): Spelling[] {
  const bytes = Buffer.from(token);
  // Text before the token shifts its bits within the base64 characters.
  const base64 = ['', '?', '??'].flatMap((before) => {
    const shifted = Buffer.concat([Buffer.from(before), bytes]);
    return [shifted.toString('base64'), shifted.toString('base64url')];
  });
  return [
    { spelling: token, least: 1, window: WINDOW },
    { spelling: encodeURIComponent(token), least: WINDOW, window: WINDOW },
    { spelling: bytes.toString('hex'), least: 2 * WINDOW, window: 2 * WINDOW },
    ...base64.map((spelling) => ({ spelling, least: WINDOW, window: WINDOW })),
  ];
}
