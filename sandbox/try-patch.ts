import { addTenant } from './broken-tenants.js';
import { dataFolder } from './data-folder.js';
import { messageOf, SandboxFault } from './fault.js';
import { type RunningSandbox, runningSandbox } from './running.js';
import { type Environment, readDataFolder } from './settings.js';
import { isRecord, listOf, members } from './shape.js';
import { requestToken } from './token-request.js';
import { type Plan, planFor } from './try-plan.js';
import { DeadlinePassed, poll } from './wait.js';

export interface TryOptions {
  env: Environment;
  /** The repository. */
  root: string;
  /** A scenario; undefined for a patch that works. */
  name: string | undefined;
  /** Nine random digits, so that each run has different values. */
  run: number;
}

/** A patch that was tried, and all that is known about it. */
export interface Attempt {
  readonly plan: Plan;
  readonly url: string;
  readonly body: Record<string, unknown>;
  /** The customer as it was read before; undefined if it could not be read. */
  readonly before: Readonly<Record<string, unknown>> | undefined;
  readonly answer: {
    readonly status: number;
    readonly statusText: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
    readonly afterMs: number;
  };
  /** What the operation was, each time when somebody asked; the last may still change. */
  readonly ended: readonly Ended[];
  /** The operation's events, oldest first. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** What to look at, and its address or command. */
  readonly links: readonly (readonly [what: string, where: string])[];
}

export interface Ended {
  readonly afterMs: number;
  readonly status: string;
  readonly final: boolean;
  readonly changes: readonly unknown[];
}

/** Longer than the BFF's deadline for a patch. */
const PATCH_DEADLINE_MS = 20_000;
const OTHER_DEADLINE_MS = 15_000;
/** Seconds that an unknown outcome is waited for: the BFF reads the customer again after one and five. */
const WAIT_S = 9;

/**
 * Sends one patch through the running sandbox, waits for its outcome, and gets its audit events.
 * @throws SandboxFault if a step fails
 */
export async function tryPatch({ env, root, name, run }: TryOptions): Promise<Attempt> {
  const plan = planFor(name, run);
  const folder = readDataFolder(env, root);
  const running = runningSandbox(dataFolder(folder));
  if (running === undefined) {
    throw new SandboxFault(`No sandbox runs on ${folder}: start it with "npm start" in another terminal.`);
  }
  const caller = await callerFor(plan, running);
  const path = `/customers/${plan.customerId}`;
  const read = await caller.ask(path);
  const before = read.status === 200 ? members(read.body, 'customer') : undefined;
  const body = plan.body(before);
  const ifMatch: Record<string, string> = plan.ifMatch ? { 'if-match': read.headers.etag ?? '*' } : {};
  const headers = { 'content-type': 'application/json', ...ifMatch };
  const answer = await caller.ask(path, { method: 'PATCH', headers, body: JSON.stringify(body) });
  const id = answer.headers['x-operation-id'];
  if (id === undefined)
    throw new SandboxFault(`The answer ${answer.status} names no operation: ${pretty(answer.body)}`);
  const ended = await endOf(caller, id, answer.afterMs);
  const events = await eventsOf(caller, id, plan.customerId, ended.at(-1)?.status);
  return {
    ...{ plan, url: caller.url(path), body, before, answer, ended, events },
    links: [
      ['the operation', `GET ${caller.url(`/operations/${id}`)}`],
      ['the trail', `GET ${caller.url(`/audit-events?customer=${plan.customerId}`)}`],
      ['Swagger UI', `${running.bff_url}/docs`],
      ['more to try', 'npm run try -- unknown, -- --list, -- --json (all of the above)'],
    ],
  };
}

interface Answer {
  status: number;
  statusText: string;
  headers: Record<string, string>;
  body: unknown;
  afterMs: number;
}

/** Somebody with a token, who asks the BFF. */
interface Caller {
  url: (path: string) => string;
  ask: (
    path: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ) => Promise<Answer>;
}

async function callerFor({ client, tenant }: Plan, running: RunningSandbox): Promise<Caller> {
  const known = running.clients.find(({ id }) => id === client.id);
  if (known === undefined) throw new SandboxFault(`The sandbox names no client ${client.id}.`);
  const authorization = `Bearer ${await requestToken(running.token_url, known)}`;
  const ofTenant: Record<string, string> = tenant === undefined ? {} : { 'x-tenant-id': tenant.id };
  if (tenant !== undefined) await addTenant(running.bff_url, authorization, tenant);
  const url = (path: string): string => `${running.bff_url}/api/v1${path}`;
  return {
    url,
    ask: async (path, init = {}) => {
      const headers = { authorization, ...ofTenant, ...init.headers };
      const deadlineMs = init.method === 'PATCH' ? PATCH_DEADLINE_MS : OTHER_DEADLINE_MS;
      const startedAt = performance.now();
      try {
        const signal = AbortSignal.timeout(deadlineMs);
        const response = await fetch(url(path), { ...init, headers, signal });
        const { status, statusText } = response;
        const body = await bodyOf(response);
        const afterMs = performance.now() - startedAt;
        return { status, statusText, headers: Object.fromEntries(response.headers), body, afterMs };
      } catch (error) {
        throw new SandboxFault(
          `${url(path)} does not answer (${messageOf(error)}): does the sandbox still run?`,
        );
      }
    },
  };
}

/**
 * The operation at once, and again when it is final or the wait is over.
 * @param sentMs since the patch was sent
 */
async function endOf({ ask }: Caller, id: string, sentMs: number): Promise<Ended[]> {
  const startedAt = performance.now();
  const look = async (query: string): Promise<Ended> => {
    const { status, body } = await ask(`/operations/${id}${query}`);
    if (status !== 200)
      throw new SandboxFault(`The operation was answered ${status}, not 200:\n${pretty(body)}`);
    const operation = members(body, 'operation');
    const changes: readonly unknown[] = Array.isArray(operation.changes) ? operation.changes : [];
    return {
      afterMs: sentMs + performance.now() - startedAt,
      status: String(operation.status),
      final: operation.final === true,
      changes,
    };
  };
  const first = await look('');
  return first.final ? [first] : [first, await look(`?wait=${WAIT_S}`)];
}

/** Oldest first, when the trail has the outcome that the operation has. */
async function eventsOf(
  { ask }: Caller,
  id: string,
  customerId: string,
  outcome: string | undefined,
): Promise<Record<string, unknown>[]> {
  const look = async (): Promise<Record<string, unknown>[] | undefined> => {
    const { status, body } = await ask(`/audit-events?customer=${customerId}&limit=50`);
    if (status !== 200)
      throw new SandboxFault(`The audit trail was answered ${status}, not 200:\n${pretty(body)}`);
    const events = listOf(members)(members(body, 'answer').data, 'data')
      .filter((event) => event.operation_id === id)
      .reverse();
    return events.some((event) => event.outcome === outcome) ? events : undefined;
  };
  try {
    return await poll(look, { deadlineMs: OTHER_DEADLINE_MS, everyMs: 200 });
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    const waited = `${OTHER_DEADLINE_MS / 1000} s`;
    throw new SandboxFault(`After ${waited} the audit trail had no outcome of ${id}.`);
  }
}

/** The JSON of an answer, or its text if it is not JSON. */
async function bodyOf(response: Response): Promise<unknown> {
  const body = await response.text();
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function pretty(value: unknown): string {
  return isRecord(value) || Array.isArray(value) ? JSON.stringify(value, null, 2) : String(value);
}
