/** The server can't be reached, or does not answer. Never part of an answer: it names the server. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable';
  /** Of the system (`ECONNREFUSED`), of TLS, or of the server (SQLSTATE). */
  readonly code?: string;

  constructor(message: string, cause?: unknown) {
    const code = codeOf(cause);
    const reason = reasonOf(cause, code);
    const words = reason === undefined ? message : `${message}: ${reason}`;
    super(code === undefined ? words : `${words} (${code})`, { cause });
    if (code !== undefined) this.code = code;
  }
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

/** In words of our own: the server's and the driver's may have data. */
function reasonOf(cause: unknown, code: string | undefined): string | undefined {
  if (code !== undefined) return REASONS[code];
  const text = cause instanceof Error ? cause.message : '';
  return REASONS_WITHOUT_CODE.find(([pattern]) => pattern.test(text))?.[1];
}

const UNKNOWN_CA = 'its certificate is of a CA that is not known here; sslrootcert names a file with the CA';

const REASONS: Readonly<Record<string, string>> = {
  '28000': 'pg_hba.conf does not let this account in, from here or without TLS',
  '28P01': 'account or password is wrong',
  '3D000': 'there is no database of this name',
  '42501': 'the account may not connect to this database',
  '53300': 'all its connections are taken',
  '57P03': 'it is starting or stopping',
  ENOENT: 'a file or a socket that DATABASE_URL names is not there',
  EACCES: 'a file or a socket that DATABASE_URL names may not be opened',
  ERR_INVALID_URL: 'it is no URL; / ? # and % in account and password are percent-encoded',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
};

/** What pg says without a code. */
const REASONS_WITHOUT_CODE: readonly (readonly [RegExp, string])[] = [
  [/^SASL: .*password must be/, 'it asks for a password, and DATABASE_URL has none'],
  [/does not support SSL/, 'it does not offer TLS'],
  [/timeout/, 'no answer in time'],
];
