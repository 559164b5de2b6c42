import { existsSync, rmSync } from 'node:fs';
import { banner } from './banner.js';
import { startBff } from './bff-process.js';
import { type BillingApi, startBillingApi } from './billing-api.js';
import { type DataFolder, dataFolder, makeDataFolder, writePrivately } from './data-folder.js';
import { SandboxFault } from './fault.js';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.js';
import { assertPortsFree, HOST } from './listen.js';
import { type RunningSandbox, runningSandbox } from './running.js';
import { scenarioIntercept } from './scenario-intercept.js';
import {
  ACME,
  ACME_CLIENT,
  AUDIENCE,
  BILLING_TENANTS,
  CLIENTS,
  PERSONS,
  CLOSED_ORIGIN,
  nextAcmeToken,
  OFFERED_CUSTOMERS,
  PLATFORM_CLIENT,
  SCENARIO_CUSTOMERS,
  TENANT_ENTRIES,
} from './seeds.js';
import { type Environment, given, ignoredSettings, readSettings, type SandboxSettings } from './settings.js';
import { requestToken } from './token-request.js';

export interface LauncherOptions {
  env: Environment;
  /** The repository. */
  root: string;
  /** The BFF's compiled `main.js`. */
  bffEntry: string;
  /** Aborting cancels a running start. */
  signal: AbortSignal;
}

export interface Sandbox {
  readonly running: RunningSandbox;
  readonly banner: string;
  /** Settings that have no effect here. */
  readonly warnings: readonly string[];
  /** Resolves with a text about how the BFF ended, if it ends by itself. */
  readonly bffEnded: Promise<string>;
  stop(): Promise<void>;
}

/** Requests and activities that the billing API's stand-in keeps in memory: it may run for days. */
const KEEP = 200;

/**
 * The variables of the caller's environment that the BFF's process needs to work. Proxy settings are not among them.
 */
const SYSTEM_VARIABLES = [
  ...['PATH', 'HOME', 'USER', 'SHELL', 'TERM', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'TEMP', 'TMP'],
  ...['SystemRoot', 'APPDATA', 'USERPROFILE', 'NODE_OPTIONS', 'NO_COLOR', 'FORCE_COLOR'],
];

/**
 * Starts the billing API's stand-in, the identity provider and the BFF, and gets a first token.
 * @throws SandboxFault if something fails; then everything that had started is stopped again
 */
export async function startSandbox(options: LauncherOptions): Promise<Sandbox> {
  const settings = readSettings(options.env, options.root);
  const folder = dataFolder(settings.dataFolder);
  await assertStartable(settings, folder, options.bffEntry);
  makeDataFolder(folder);

  const stops: (() => Promise<void> | void)[] = [];
  const stopAll = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    const billing = await startBillingApi({
      tenants: BILLING_TENANTS,
      port: settings.billingPort,
      stateFile: folder.billing,
      keep: KEEP,
    });
    stops.push(() => billing.close());
    restoreAliases(billing);
    const identity = await startIdentityProvider({
      clients: CLIENTS,
      audience: AUDIENCE,
      port: settings.identityProviderPort,
      keyFile: folder.signingKey,
    });
    stops.push(() => identity.close());
    writePrivately(folder.tenants, TENANT_ENTRIES);
    const bffEnv = bffEnvironment(options.env, settings, folder, billing, identity);
    const bff = await startBff({
      entry: options.bffEntry,
      env: bffEnv,
      cwd: folder.path,
      signal: options.signal,
    });
    stops.push(() => bff.stop());
    billing.intercept = scenarioIntercept({
      billing,
      tenant: ACME,
      scenarios: new Map([...SCENARIO_CUSTOMERS].map(([id, { scenario }]) => [id, scenario])),
      timeoutMs: Number(settings.passedOn.BILLING_API_TIMEOUT_MS),
      rotateToken: (used) =>
        putToken(bff.url, identity.tokenUrl, { tenant: ACME, token: nextAcmeToken(used) }),
    });
    const token = await requestToken(identity.tokenUrl, ACME_CLIENT);
    const running = {
      pid: process.pid,
      bff_url: bff.url,
      billing_api_url: billing.url,
      issuer: identity.issuer,
      token_url: identity.tokenUrl,
      clients: [...CLIENTS],
    };
    writePrivately(folder.running, running);
    stops.push(() => {
      rmSync(folder.running, { force: true });
    });
    return {
      running,
      banner: banner(running, token, folder.path),
      warnings: ignoredSettings(options.env, options.root, bffEnv),
      bffEnded: bff.ended,
      stop: stopAll,
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function assertStartable(
  settings: SandboxSettings,
  folder: DataFolder,
  bffEntry: string,
): Promise<void> {
  if (!existsSync(bffEntry)) {
    throw new SandboxFault(`${bffEntry} does not exist: build the BFF first with "npm run build".`);
  }
  await assertPortsFree([
    { port: settings.bffPort, purpose: 'the BFF', setting: 'PORT' },
    { port: settings.billingPort, purpose: 'the billing API', setting: 'SANDBOX_BILLING_PORT' },
    { port: settings.identityProviderPort, purpose: 'the identity provider', setting: 'SANDBOX_IDP_PORT' },
  ]);
  const other = runningSandbox(folder);
  if (other !== undefined && (await answers(other.issuer))) {
    throw new SandboxFault(
      `A sandbox already runs on ${folder.path} (process ${other.pid}, ${other.bff_url}): ` +
        'stop it, or choose another folder with the setting SANDBOX_DATA_DIR.',
    );
  }
}

/** A process id alone proves little: after a restart of the machine it may belong to another process. */
async function answers(issuer: string): Promise<boolean> {
  try {
    const response = await fetch(`${issuer}/jwks`, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Whatever was patched before: every customer of the documents has its alias again. */
function restoreAliases(billing: BillingApi): void {
  for (const { id: tenant, customers } of BILLING_TENANTS)
    for (const { id, alias } of customers) {
      const kept = billing.customer(tenant, id);
      if (kept !== undefined && kept.alias !== alias) billing.putCustomer(tenant, { ...kept, alias });
    }
}

/** What an operator does to rotate a tenant's token. */
async function putToken(
  bffUrl: string,
  tokenUrl: string,
  { tenant, token }: { tenant: string; token: string },
): Promise<void> {
  const response = await fetch(`${bffUrl}/api/v1/tenants/${tenant}/token`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${await requestToken(tokenUrl, PLATFORM_CLIENT)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ token }),
    signal: AbortSignal.timeout(5_000),
  });
  await response.body?.cancel();
  if (response.status !== 201) throw new Error(`the token was not rotated: ${response.status}`);
}

/** The settings of the BFF. It knows nothing else about the sandbox. */
function bffEnvironment(
  env: Environment,
  settings: SandboxSettings,
  folder: DataFolder,
  billing: BillingApi,
  identity: IdentityProvider,
): Record<string, string> {
  return {
    ...given(env, SYSTEM_VARIABLES),
    ...settings.passedOn,
    NODE_ENV: 'development',
    HOST,
    PORT: String(settings.bffPort),
    AUTH_ISSUER: identity.issuer,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_JWKS_URL: identity.jwksUrl,
    BILLING_API_URL: billing.url,
    BILLING_API_ALLOWED_ORIGINS: `${billing.url},${CLOSED_ORIGIN}`,
    TENANTS_FILE: folder.tenants,
    DATA_DIR: folder.bff,
    SWAGGER_OAUTH_TOKEN_URL: identity.tokenUrl,
    SWAGGER_OAUTH_CLIENT_ID: ACME_CLIENT.id,
    SWAGGER_OAUTH_CLIENT_SECRET: ACME_CLIENT.secret,
    SWAGGER_CUSTOMERS: JSON.stringify(OFFERED_CUSTOMERS),
    CONSOLE_OAUTH_AUTHORIZE_URL: identity.authorizeUrl,
    CONSOLE_OAUTH_TOKEN_URL: identity.tokenUrl,
    CONSOLE_OAUTH_CLIENT_ID: ACME_CLIENT.id,
    CONSOLE_OAUTH_LOGIN_HINTS: PERSONS.map(({ id }) => id).join(','),
  };
}
