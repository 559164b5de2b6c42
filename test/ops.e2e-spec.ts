import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { Metrics } from '../src/metrics/metrics.js';
import { startBff, type TestBff } from './support/start-bff.js';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
interface RuleTest {
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts?: readonly object[];
  }[];
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const yaml = (file: string): unknown => parse(readFileSync(`ops/prometheus/${file}`, 'utf8'));
const rules = (yaml('rules.yaml') as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const tests = (yaml('rules.test.yaml') as { tests: RuleTest[] }).tests.flatMap((one) => one.alert_rule_test);
const dashboard = JSON.parse(readFileSync('ops/grafana/billing-bff.json', 'utf8')) as { panels: Panel[] };

/** What Prometheus adds: its own metric of a scrape, and labels. */
const OF_PROMETHEUS = { metrics: ['up'], labels: ['job', 'instance', 'le'] };

const queries = [
  ...rules.map(({ alert, expr, annotations }) => ({
    where: alert,
    expr,
    labels: [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label),
  })),
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      where: title,
      expr,
      labels: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    })),
  ),
];

let bff: TestBff;
let labelsOf: ReadonlyMap<string, readonly string[]>;
beforeAll(async () => {
  bff = await startBff();
  const metrics = bff.app.get(Metrics);
  metrics.watchLog({ dropped: 0 });
  metrics.watchProcess();
  labelsOf = new Map(
    metrics.registry.getMetricsAsArray().flatMap((metric) => {
      const labels = 'labelNames' in metric ? (metric.labelNames as string[]) : [];
      const parts = String(metric.type) === 'histogram' ? ['_bucket', '_count', '_sum'] : [''];
      return parts.map((part): [string, string[]] => [metric.name + part, labels]);
    }),
  );
});
afterAll(() => bff.stop());

it.each(queries)('$where asks for metrics and labels that exist: $expr', ({ expr, labels }) => {
  const names = expr.match(/\b(billing_bff|process|nodejs|up)\w*/g) ?? [];
  expect(names).not.toEqual([]);
  const unknown = names.filter((name) => !labelsOf.has(name) && !OF_PROMETHEUS.metrics.includes(name));
  expect(unknown).toEqual([]);
  const has = (name: string, label: string): boolean =>
    OF_PROMETHEUS.labels.includes(label) || (labelsOf.get(name) ?? []).includes(label);
  for (const [, name = '', selectors = ''] of expr.matchAll(/(\w+)\{([^}]*)\}/g))
    for (const [, label = ''] of selectors.matchAll(/(\w+) *=?[=~!]/g))
      expect([name, label, has(name, label)]).toEqual([name, label, true]);
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */));
  for (const label of [...grouped, ...labels])
    expect([label, names.some((name) => has(name, label))]).toEqual([label, true]);
});

it.each(rules)('$alert is fired by a test, silent for a healthy service, and has a runbook', (rule) => {
  const own = tests.filter(({ alertname }) => alertname === rule.alert);
  expect(own.some(({ exp_alerts: alerts = [] }) => alerts.length > 0)).toBe(true);
  expect(own.some(({ exp_alerts: alerts = [] }) => alerts.length === 0)).toBe(true);
  expect(rule.annotations.runbook).toBe(`docs/runbooks.md#${rule.alert.toLowerCase()}`);
  expect(readFileSync('docs/runbooks.md', 'utf8')).toContain(`\n## ${rule.alert}\n`);
});
