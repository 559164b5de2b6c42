/** The allowed edges of the house; see docs/adr/0001-the-house.md. */
const feature = (name, uses) => ({
  name: `${name}-uses-only`,
  comment: `src/${name}/ may use ${uses.join(', ')}`,
  severity: 'error',
  from: { path: `^src/${name}/`, pathNot: '\\.spec\\.ts$' },
  to: { path: '^src/', pathNot: `^src/(${[name, ...uses].join('|')})/` },
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
    feature('runtime', ['config', 'http']),
    feature('config', []),
    feature('http', ['config', 'runtime']),
    feature('database', ['config', 'http', 'runtime']),
    feature('crypto', ['config', 'database', 'http', 'runtime']),
    feature('tenants', ['config', 'crypto', 'database', 'http', 'runtime']),
    feature('auth', ['config', 'http', 'metrics', 'runtime', 'tenants']),
    feature('billing', ['config', 'http', 'metrics', 'runtime', 'tenants']),
    feature('sealing', ['auth', 'config', 'crypto', 'database', 'http', 'runtime']),
    feature('audit', [
      'auth',
      'config',
      'crypto',
      'database',
      'http',
      'metrics',
      'runtime',
      'sealing',
      'tenants',
    ]),
    feature('idempotency', ['crypto', 'database', 'http', 'runtime']),
    feature('customers', [
      ...['audit', 'auth', 'billing', 'config', 'crypto', 'database', 'http', 'idempotency', 'metrics'],
      ...['runtime', 'tenants'],
    ]),
    feature('metrics', ['auth', 'http']),
    feature('tenant-admin', ['audit', 'auth', 'config', 'http', 'tenants']),
    feature('operations', [
      ...['audit', 'auth', 'billing', 'crypto', 'customers', 'database', 'http', 'metrics', 'runtime'],
      'tenants',
    ]),
    feature('health', ['auth', 'billing', 'database', 'http', 'runtime']),
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
