/** What everything else stands on. */
const BASE = ['config', 'runtime', 'http'];

/** Which folder of src/ may use which others, each only such as are listed before it. The files in src/ itself join them. */
const MAY_USE = {
  config: [],
  runtime: [],
  http: ['config', 'runtime'],
  openapi: BASE,
  console: [...BASE, 'auth'],
  metrics: [],
  tracing: BASE,
  database: BASE,
  crypto: [...BASE, 'database'],
  idempotency: [...BASE, 'database', 'crypto'],
  tenants: [...BASE, 'metrics', 'database', 'crypto'],
  auth: [...BASE, 'metrics', 'tenants'],
  pages: [...BASE, 'auth'],
  'audit-log': [...BASE, 'metrics', 'database', 'crypto', 'tenants', 'auth'],
  audit: [...BASE, 'metrics', 'database', 'crypto', 'tenants', 'auth', 'audit-log'],
  billing: [...BASE, 'metrics', 'tenants', 'audit'],
  health: [...BASE, 'metrics', 'database', 'auth', 'audit-log', 'billing'],
  privacy: [...BASE, 'database', 'crypto', 'idempotency', 'auth', 'audit'],
  'tenant-admin': [...BASE, 'crypto', 'tenants', 'auth', 'audit'],
  customers: [...BASE, 'metrics', 'database', 'crypto', 'idempotency', 'tenants', 'auth', 'audit', 'billing'],
  operations: [...BASE, 'metrics', 'database', 'crypto', 'tenants', 'auth', 'audit', 'billing', 'customers'],
};

const mayUse = ([folder, others]) => ({
  name: `${folder}-uses-only`,
  comment: `src/${folder}/ may use ${others.join(', ') || 'no other folder'}`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: '\\.spec\\.ts$' },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...others].join('|')})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '(\\.spec|\\.d)\\.ts$' },
      to: {},
    },
    { name: 'no-barrels', severity: 'error', from: {}, to: { path: '^(src|sandbox)/.*index\\.ts$' } },
    {
      name: 'no-catch-all-folders',
      severity: 'error',
      from: {},
      to: { path: '^src/.*(utils|common|shared|helpers)/' },
    },
    {
      name: 'product-never-uses-sandbox',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^sandbox/' },
    },
    {
      name: 'sandbox-never-uses-product',
      severity: 'error',
      from: { path: '^sandbox/' },
      to: { path: '^src/' },
    },
    {
      name: 'nothing-but-declared-dependencies',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    {
      name: 'opentelemetry-on-demand',
      comment: 'it is loaded only where traces are sent',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/tracing/' },
      to: { path: '^src/tracing/|@opentelemetry/', dynamic: false },
    },
    {
      name: 'every-folder-says-what-it-uses',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(MAY_USE).join('|')})/` },
      to: {},
    },
    ...Object.entries(MAY_USE).map(mayUse),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
