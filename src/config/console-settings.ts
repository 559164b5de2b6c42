import type { ConsoleConfig } from './config.js';
import { parsePlainUrl, type SettingReader } from './setting-reader.js';

const NAMES = ['AUTHORIZE_URL', 'TOKEN_URL', 'CLIENT_ID'].map((name) => `CONSOLE_OAUTH_${name}`);

/** The console, and its login: all three settings, or none. */
export function readConsole(read: SettingReader, production: boolean): ConsoleConfig {
  const enabled = read.boolean('CONSOLE_ENABLED', !production);
  const loginHints = read.list('CONSOLE_OAUTH_LOGIN_HINTS');
  const [authorizeUrl, tokenUrl, clientId] = NAMES.map((name) => read.optional(name));
  if (authorizeUrl === undefined || tokenUrl === undefined || clientId === undefined) {
    if ([authorizeUrl, tokenUrl, clientId].some((value) => value !== undefined))
      read.fault('CONSOLE_OAUTH_CLIENT_ID', `${NAMES.join(', ')} belong together: set all of them, or none`);
    return { enabled, oauth: undefined };
  }
  for (const [name, url] of Object.entries({ AUTHORIZE_URL: authorizeUrl, TOKEN_URL: tokenUrl }))
    if (parsePlainUrl(url, ['http:', 'https:']) === undefined)
      read.fault(`CONSOLE_OAUTH_${name}`, 'must be an http:// or https:// URL');
  return { enabled, oauth: { authorizeUrl, tokenUrl, clientId, loginHints } };
}
