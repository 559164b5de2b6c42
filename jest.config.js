const swc = [
  '@swc/jest',
  {
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true, dynamicImport: true },
      transform: {
        legacyDecorator: true,
        decoratorMetadata: true,
        useDefineForClassFields: false,
      },
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

/**
 * What is run again on the embedded database: what stores, reads or locks something that no other of these files does, and
 * what depends on having one connection, or no server. Together they run every statement of the service (ADR 0029). What is
 * left out (a body's rules, tokens, the billing API's answers, pages, tools) does not see which database there is.
 */
const EMBEDDED = [
  'audit-(?!verify|witness\\.).*',
  'database-lost',
  'health-ready',
  'idempotency',
  'operation-wait',
  'patch-(faults|if-match|refused-here|reverts|seed)',
  'process-(life-cycle|stop)',
  'sandbox-try',
  'secrets-nowhere',
  'tenant.*',
  'traces',
  'vault-secrecy',
];

/** By TEST_DATABASE. */
const SPECS = {
  server: ['(src|sandbox)/.*\\.spec\\.ts$', 'test/.*\\.e2e-spec\\.ts$'],
  // And what needs several instances or PgBouncer.
  postgres: ['(src|sandbox)/.*\\.spec\\.ts$', 'test/.*\\.(e2e|postgres)-spec\\.ts$'],
  embedded: [`test/(${EMBEDDED.join('|')})\\.e2e-spec\\.ts$`],
};

export default {
  rootDir: '.',
  testEnvironment: 'node',
  runtime: './test/support/runtime.mjs',
  testRegex: SPECS[process.env.TEST_DATABASE] ?? SPECS.server,
  globalSetup: './test/support/global-setup.mjs',
  globalTeardown: './test/support/global-teardown.mjs',
  testTimeout: 60_000,
  maxWorkers: 2,
  testSequencer: './test/support/sequencer.mjs',
  // A worker is replaced once it has gathered so much: what earlier files left makes later ones slow. The packages and the service alone take 150 MB.
  workerIdleMemoryLimit: '1GB',
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1'] },
  transform: { '^.+\\.ts$': swc },
};
