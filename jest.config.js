const swc = (syntax) => [
  '@swc/jest',
  {
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: { syntax, decorators: true, dynamicImport: true },
      transform: {
        legacyDecorator: true,
        decoratorMetadata: true,
        useDefineForClassFields: syntax !== 'typescript',
      },
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

// jest's CommonJS runtime has no require() of ES modules: packages that are only that are transformed too.
const ESM_ONLY = [
  '@electric-sql', // CommonJS, but with a dynamic import that jest's runtime does not take
  '@nestjs',
  '@tokenizer',
  'axios',
  'canonicalize',
  'content-disposition',
  'cookie',
  'file-type',
  'is-plain-obj',
  'iterare',
  'jose',
  'load-esm',
  'oauth2-mock-server',
  'strtok3',
  'token-types',
  'uid',
  'uint8array-extras',
  'uuid',
];

const onServer = process.env.TEST_DATABASE === 'postgres' || process.env.TEST_DATABASE_URL !== undefined;

export default {
  rootDir: '.',
  testEnvironment: 'node',
  testRegex: [
    '(src|sandbox)/.*\\.spec\\.ts$',
    'test/.*\\.e2e-spec\\.ts$',
    // What needs several instances needs a PostgreSQL server.
    ...(onServer ? ['test/.*\\.postgres-spec\\.ts$'] : []),
  ],
  globalSetup: './test/support/global-setup.mjs',
  globalTeardown: './test/support/global-teardown.mjs',
  testTimeout: 60_000,
  maxWorkers: 2,
  // A worker is replaced once it has gathered so much: what earlier files left makes later ones slow.
  workerIdleMemoryLimit: '300MB',
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1'],
    // Its exports name the condition "import" only.
    '^canonicalize$': '<rootDir>/node_modules/canonicalize/lib/canonicalize.js',
  },
  transform: { '^.+\\.ts$': swc('typescript'), '^.+\\.[cm]?js$': swc('ecmascript') },
  transformIgnorePatterns: [`/node_modules/(?!.*node_modules/)(?!(${ESM_ONLY.join('|')})/)`],
};
