import { readConsole } from './console-settings.js';
import { SettingReader } from './setting-reader.js';

const OAUTH = {
  CONSOLE_OAUTH_AUTHORIZE_URL: 'https://login.example.com/authorize',
  CONSOLE_OAUTH_TOKEN_URL: 'https://login.example.com/token',
  CONSOLE_OAUTH_CLIENT_ID: 'console',
};

it('is off in production unless it is asked for', () => {
  const enabled = (environment: Record<string, string>, production: boolean): boolean =>
    readConsole(new SettingReader(environment), production).enabled;
  expect([enabled({}, false), enabled({}, true)]).toEqual([true, false]);
  expect([enabled({ CONSOLE_ENABLED: 'false' }, false), enabled({ CONSOLE_ENABLED: 'true' }, true)]).toEqual([
    false,
    true,
  ]);
});

it('reads the login', () => {
  const read = new SettingReader({ ...OAUTH, CONSOLE_OAUTH_LOGIN_HINTS: 'ada,grace' });
  expect(readConsole(read, true).oauth).toEqual({
    authorizeUrl: 'https://login.example.com/authorize',
    tokenUrl: 'https://login.example.com/token',
    clientId: 'console',
    loginHints: ['ada', 'grace'],
  });
  expect(read.faults).toEqual([]);
});

it.each(Object.keys(OAUTH))('is all or nothing: %s alone is missing', (missing) => {
  const read = new SettingReader({ ...OAUTH, [missing]: '' });
  expect(readConsole(read, true).oauth).toBeUndefined();
  expect(read.faults.join()).toMatch(/belong together: set all of them, or none/);
});

it.each(['login.example.com', 'ftp://login.example.com', 'javascript:alert(1)'])(
  'refuses the address %s',
  (url) => {
    const read = new SettingReader({ ...OAUTH, CONSOLE_OAUTH_TOKEN_URL: url });
    readConsole(read, true);
    expect(read.faults.join()).toContain('CONSOLE_OAUTH_TOKEN_URL must be an http:// or https:// URL');
  },
);
