import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf, SandboxFault } from './fault.js';

/** The launcher's settings, from the environment. */
export interface SandboxSettings {
  /** Port of the BFF; 0 picks a free port, here and below. */
  bffPort: number;
  billingPort: number;
  identityProviderPort: number;
  dataFolder: string;
  /** Settings of the BFF that a user of the sandbox may set; all others are the launcher's. */
  passedOn: Record<string, string>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Beside the launcher's own ports and folder. */
const PASSED_ON = [
  ...['LOG_LEVEL', 'DATABASE_URL', 'CORS_ORIGINS', 'CUSTOMER_PRE_READ', 'AUDIT_RETENTION_DAYS'],
  ...['RATE_LIMIT_PER_MINUTE', 'CALLER_MAX_IN_FLIGHT', 'BILLING_API_MAX_IN_FLIGHT'],
  ...['BILLING_API_TIMEOUT_MS', 'REQUEST_DEADLINE_MS'],
] as const;

/** Where the BFF's own default does not fit: nobody wants to wait five seconds for a time-out, again and again. */
const DEFAULTS = {
  BILLING_API_TIMEOUT_MS: '2000',
  CORS_ORIGINS: 'http://localhost:*,http://127.0.0.1:*',
} as const;

/**
 * Reads `PORT` (3000), `SANDBOX_BILLING_PORT` (3001), `SANDBOX_IDP_PORT` (3002) and `SANDBOX_DATA_DIR`
 * (`data/sandbox`; relative to the repository's root).
 * @throws SandboxFault with every fault
 */
export function readSettings(env: Environment, root: string): SandboxSettings {
  const faults: string[] = [];
  const collect = (name: string, fallback: number): number => {
    try {
      return portOf(env, name, fallback);
    } catch (error) {
      faults.push(messageOf(error));
      return 0;
    }
  };
  const ports = {
    PORT: collect('PORT', 3000),
    SANDBOX_BILLING_PORT: collect('SANDBOX_BILLING_PORT', 3001),
    SANDBOX_IDP_PORT: collect('SANDBOX_IDP_PORT', 3002),
  };
  faults.push(...sharedPorts(ports));
  if (faults.length > 0) throw new SandboxFault(faults.join('\n'));
  return {
    bffPort: ports.PORT,
    billingPort: ports.SANDBOX_BILLING_PORT,
    identityProviderPort: ports.SANDBOX_IDP_PORT,
    dataFolder: readDataFolder(env, root),
    passedOn: { ...DEFAULTS, ...given(env, PASSED_ON) },
  };
}

/**
 * Why settings of the BFF have no effect here, one line for each reason. `.env.example` names all settings.
 * @param used the BFF's environment
 */
export function ignoredSettings(env: Environment, root: string, used: Environment): string[] {
  const known = names(textOf(path.join(root, '.env.example')));
  const differ = known.filter((name) => (env[name]?.trim() ?? '') !== '' && env[name] !== used[name]);
  const ofFile = names(textOf(path.join(root, '.env'))).filter((name) => known.includes(name));
  const ours = Object.keys(env).filter((name) => name.startsWith('SANDBOX_') && !OWN.includes(name));
  return [
    ...(differ.length === 0
      ? []
      : [`Ignored: ${differ.join(', ')}. The sandbox has its own settings; npm run start:prod takes yours.`]),
    ...(ours.length === 0 ? [] : [`Ignored: ${ours.join(', ')}. The sandbox knows ${OWN.join(', ')}.`]),
    ...(ofFile.length === 0
      ? []
      : [`Ignored: the file .env (${ofFile.join(', ')}). The sandbox reads the environment only.`]),
  ];
}

const OWN = ['SANDBOX_BILLING_PORT', 'SANDBOX_IDP_PORT', 'SANDBOX_DATA_DIR'];

/** Of an env file. */
function names(content: string): string[] {
  return [...content.matchAll(/^(?:export )?([A-Z][A-Z0-9_]*)=/gm)].map(([, name = '']) => name);
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** The only setting that `npm run try` needs. */
export function readDataFolder(env: Environment, root: string): string {
  return path.resolve(root, env.SANDBOX_DATA_DIR?.trim() || path.join('data', 'sandbox'));
}

/** The given variables that are set and not empty. */
export function given(env: Environment, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}

function portOf(env: Environment, name: string, fallback: number): number {
  const value = env[name]?.trim() ?? '';
  if (value === '') return fallback;
  const port = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (port <= 65_535) return port;
  throw new SandboxFault(`${name} must be a port from 0 to 65535, but it is ${JSON.stringify(value)}.`);
}

function sharedPorts(ports: Record<string, number>): string[] {
  const names = new Map<number, string[]>();
  for (const [name, port] of Object.entries(ports)) {
    if (port !== 0) names.set(port, [...(names.get(port) ?? []), name]);
  }
  return [...names]
    .filter(([, sharing]) => sharing.length > 1)
    .map(([port, sharing]) => `${sharing.join(' and ')} name the same port, ${port}: each needs its own.`);
}
