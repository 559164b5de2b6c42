import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Job } from 'kubernetes-types/batch/v1.js';
import { parse, parseAllDocuments } from 'yaml';

const execute = promisify(execFile);
const FOLDER = 'ops/kubernetes';

/** Kinds and where their types are. */
const MODULES: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  Job: 'batch/v1',
  Service: 'core/v1',
  PodDisruptionBudget: 'policy/v1',
  HorizontalPodAutoscaler: 'autoscaling/v2',
  NetworkPolicy: 'networking/v1',
};

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

const manifests = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml') && !file.endsWith('kustomization.yaml'))
  .flatMap((file) => parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')))
  .map((document) => document.toJS() as Manifest);
const find = (kind: string): unknown => manifests.find((manifest) => manifest.kind === kind);
const deployment = find('Deployment') as Deployment;
const job = find('Job') as Job;
const pod = deployment.spec?.template.spec;

const settings = (file: string): Map<string, string> =>
  new Map(
    [...readFileSync(file, 'utf8').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
const known = settings('.env.example');
const configured = settings(`${FOLDER}/settings.env`);

interface Compose {
  readonly services: Record<
    string,
    { command?: string[]; stop_grace_period?: string; environment?: Record<string, string> }
  >;
}
const compose = parse(readFileSync('ops/compose.yaml', 'utf8')) as Compose;

it('every manifest has the members that Kubernetes knows, with their types, and no others', async () => {
  expect(Object.keys(MODULES).sort()).toEqual([...new Set(manifests.map(({ kind }) => kind))].sort());
  const folder = join('test-results', 'manifests');
  await mkdir(folder, { recursive: true });
  const lines = manifests.map((manifest, place) => {
    const type = `import('kubernetes-types/${MODULES[manifest.kind] ?? ''}').${manifest.kind}`;
    return `export const manifest${place}: ${type} = ${JSON.stringify(manifest)};`;
  });
  const file = join(folder, 'manifests.ts');
  await writeFile(file, lines.join('\n'));
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--types', 'node'];
  const { stdout } = await execute('npx', ['tsc', ...options, '--module', 'preserve', file]).catch(
    (error: unknown) => error as { stdout: string },
  );
  expect(stdout).toBe('');
});

it('every setting is one that the service knows', () => {
  const names = [
    ...configured.keys(),
    ...[...(pod?.containers ?? []), ...(job.spec?.template.spec?.containers ?? [])].flatMap(({ env = [] }) =>
      env.map(({ name }) => name),
    ),
    ...['migrate', 'billing-bff'].flatMap((name) => Object.keys(compose.services[name]?.environment ?? {})),
  ];
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !known.has(name.replace(/_FILE$/, '')))).toEqual([]);
});

it('the grace periods are longer than the longest stop', () => {
  const ms = (name: string): number => Number(configured.get(name));
  const longest = (ms('SHUTDOWN_DELAY_MS') + ms('REQUEST_DEADLINE_MS')) / 1_000 + 10;
  expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(longest);
  expect(parseInt(compose.services['billing-bff']?.stop_grace_period ?? '', 10)).toBeGreaterThan(longest);
});

it('probes ask paths of the admin port, commands are in the image, and nothing runs as root', () => {
  const [container] = pod?.containers ?? [];
  const admin = container?.env?.find(({ name }) => name === 'ADMIN_PORT')?.value;
  expect(container?.ports).toContainEqual({ name: 'admin', containerPort: Number(admin) });
  const probes = [container?.startupProbe, container?.readinessProbe, container?.livenessProbe];
  expect(probes.map((probe) => probe?.httpGet)).toEqual(
    ['live', 'ready', 'live'].map((name) => ({ path: `/health/${name}`, port: 'admin' })),
  );
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  for (const command of [
    job.spec?.template.spec?.containers[0]?.command,
    compose.services['migrate']?.command,
  ])
    expect(dockerfile).toContain(`/build/${command?.[1] ?? '?'}`);
  for (const spec of [pod, job.spec?.template.spec]) {
    expect(spec?.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1_000 });
    expect(spec?.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});

it('budget, policy and Service select the pods of the Deployment', () => {
  const labels = deployment.spec?.template.metadata?.labels;
  expect(labels).toEqual(deployment.spec?.selector.matchLabels);
  expect(find('Service')).toMatchObject({ spec: { selector: labels } });
  expect(find('PodDisruptionBudget')).toMatchObject({ spec: { selector: { matchLabels: labels } } });
  expect(find('NetworkPolicy')).toMatchObject({ spec: { podSelector: { matchLabels: labels } } });
});
