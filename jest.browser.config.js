import base from './jest.config.js';

/** Needs a Chromium: Debian's, or the one that CHROMIUM_PATH names. */
export default { ...base, testRegex: ['test/browser/.*\\.browser-spec\\.ts$'], testTimeout: 120_000 };
