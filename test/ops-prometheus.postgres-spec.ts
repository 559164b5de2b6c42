import { mkdir, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { BffProcess, createSurroundings, killAll, type Surroundings } from './support/bff-process.js';
import { TestIdentityProvider } from './support/identity-provider.js';
import { patchRaw } from './support/raw-request.js';
import { CUSTOMER, TestUpstream } from './support/upstream.js';

// Needs Debian's prometheus, so it is not among the tests that need no other program.

/** Queries that find nothing while all is well: only what went wrong gives them samples. */
const NOTHING_WHILE_ALL_IS_WELL = ['max by (witness) (billing_bff_audit_witness_age_seconds)'];
/** Scrapes, and milliseconds between two of them. */
const SCRAPES = 8;
const INTERVAL = 250;

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}
interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

let upstream: TestUpstream;
let idp: TestIdentityProvider;
let around: Surroundings;
let bff: BffProcess;
let prometheus: BffProcess;
beforeAll(async () => {
  [upstream, idp] = await Promise.all([TestUpstream.start(), TestIdentityProvider.start()]);
  around = await createSurroundings(upstream, idp);
  bff = await BffProcess.start({ ...around.settings, ADMIN_PORT: '0', RATE_LIMIT_PER_MINUTE: '60' });
  prometheus = await startPrometheus(new URL(bff.adminUrl ?? '').host);
  await load();
}, 60_000);
afterAll(async () => {
  await killAll();
  await Promise.all([upstream.stop(), idp.stop(), around.remove()]);
});

async function startPrometheus(target: string): Promise<BffProcess> {
  const folder = join(around.folder, 'prometheus');
  await mkdir(folder);
  const config = {
    global: { scrape_interval: `${INTERVAL}ms`, scrape_timeout: `${INTERVAL}ms`, evaluation_interval: '1s' },
    rule_files: [resolve('ops/prometheus/rules.yaml')],
    scrape_configs: [{ job_name: 'billing-bff', static_configs: [{ targets: [target] }] }],
  };
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const words = ['--config.file=prometheus.yml', '--storage.tsdb.path=.', '--web.listen-address=127.0.0.1:0'];
  const started = BffProcess.spawn({}, folder, ['prometheus', ...words]);
  await started.until(() => /ready to receive web requests/.test(started.output), 'its readiness');
  return started;
}

async function ask<Data>(path: string): Promise<Data> {
  const address = /"Listening on" address=(\S+)/.exec(prometheus.output)?.[1] ?? '';
  const answer = (await (await fetch(`http://${address}/api/v1/${path}`)).json()) as {
    readonly data: Data;
    readonly error?: string;
  };
  if (answer.error !== undefined) throw new Error(`${decodeURIComponent(path)}: ${answer.error}`);
  return answer.data;
}

/** The values of a query, without those that are none: quantiles of what nothing was counted of. */
async function find(expr: string): Promise<string[]> {
  const { result } = await ask<{ result: { value: [time: number, value: string] }[] }>(
    `query?query=${encodeURIComponent(expr)}`,
  );
  return result.map(({ value }) => value[1]).filter((value) => value !== 'NaN');
}

/** Patches of several callers, some with a token that is refused or with more requests than one caller may send. */
async function load(): Promise<void> {
  const headersOf = async (claims: Record<string, string>): Promise<Record<string, string>> => ({
    Authorization: `Bearer ${await idp.token(claims)}`,
    'Content-Type': 'application/json',
  });
  const callers = await Promise.all(Array.from({ length: 20 }, (_, n) => headersOf({ sub: `caller-${n}` })));
  const refused = await headersOf({ aud: 'https://other.test' });
  const path = `/api/v1/customers/${CUSTOMER.id}`;
  let n = 0;
  const enough = async (): Promise<boolean> => {
    n += 1;
    for (const headers of [callers[0], callers[n % callers.length], n % 10 === 0 ? refused : undefined])
      if (headers !== undefined)
        await patchRaw(bff.url ?? '', path, { headers, body: `{"name":"Acme ${n}"}` });
    return (await find(`count_over_time(up[1m]) >= ${SCRAPES}`)).length > 0;
  };
  await bff.until(enough, `${SCRAPES} scrapes`);
}

it('every query of the dashboard is answered, and finds what the load made', async () => {
  const { panels } = JSON.parse(readFileSync('ops/grafana/billing-bff.json', 'utf8')) as Dashboard;
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  expect(queries.length).toBeGreaterThan(30);
  const empty: string[] = [];
  for (const query of queries)
    if ((await find(query.replaceAll('$__rate_interval', '1m'))).length === 0) empty.push(query);
  expect(empty).toEqual(NOTHING_WHILE_ALL_IS_WELL);
});

it('every alert’s expression is evaluated, and is quiet', async () => {
  const { groups } = parse(readFileSync('ops/prometheus/rules.yaml', 'utf8')) as Rules;
  const alerts = groups.flatMap(({ rules }) => rules);
  expect(alerts.length).toBeGreaterThan(15);
  const found: string[] = [];
  for (const { alert, expr } of alerts) if ((await find(expr)).length > 0) found.push(alert);
  expect(found).toEqual([]);
  // As Prometheus itself evaluates them, with its own clock.
  const evaluated = await ask<{ groups: { rules: { name: string; health: string }[] }[] }>('rules');
  const ill = evaluated.groups.flatMap(({ rules }) => rules).filter(({ health }) => health === 'err');
  expect(ill).toEqual([]);
});
