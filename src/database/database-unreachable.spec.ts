import { DatabaseUnreachable } from './database-unreachable.js';

const said = (cause: Error): string =>
  new DatabaseUnreachable('no connection to PostgreSQL at db:5432', cause).message;
const withCode = (code: string): Error => Object.assign(new Error('for user "jane@acme.test"'), { code });

it.each([
  ['28P01', 'account or password is wrong'],
  ['3D000', 'there is no database of this name'],
  ['ERR_INVALID_URL', 'it is no URL; / ? # and % in account and password are percent-encoded'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
  ['ENOENT', 'a file or a socket that DATABASE_URL names is not there'],
])('says in words of its own what the code %s means', (code, words) => {
  expect(said(withCode(code))).toBe(`no connection to PostgreSQL at db:5432: ${words} (${code})`);
});

it.each([
  [
    'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
    'it asks for a password, and DATABASE_URL has none',
  ],
  ['The server does not support SSL connections', 'it does not offer TLS'],
  ['timeout exceeded when trying to connect', 'no answer in time'],
])('says in words of its own what the driver says without a code: %s', (message, words) => {
  expect(said(new Error(message))).toBe(`no connection to PostgreSQL at db:5432: ${words}`);
});

it('keeps a code that it has no words for, and never the text of the cause', () => {
  expect(said(withCode('08P01'))).toBe('no connection to PostgreSQL at db:5432 (08P01)');
  expect(said(new Error('for user "jane@acme.test"'))).toBe('no connection to PostgreSQL at db:5432');
});
