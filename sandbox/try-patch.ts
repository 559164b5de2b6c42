import { dataFolder } from './data-folder.js';
import { messageOf, SandboxFault } from './fault.js';
import { freshPatch } from './fresh-patch.js';
import { type RunningSandbox, runningSandbox } from './running.js';
import { BILLING_TENANTS, FIRST_CUSTOMER } from './seeds.js';
import { readDataFolder, type Environment } from './settings.js';
import { isRecord, listOf, members } from './shape.js';
import { requestToken } from './token-request.js';
import { DeadlinePassed, poll } from './wait.js';

export interface TryOptions {
  env: Environment;
  /** The repository. */
  root: string;
  /** Nine random digits, so that each run has different values. */
  run: number;
  print: (line: string) => void;
}

/** Longer than the BFF's deadline for a patch. */
const PATCH_DEADLINE_MS = 20_000;
const AUDIT_DEADLINE_MS = 15_000;

/**
 * `npm run try`: gets a token, sends the contract's patch with fresh values, and prints the answer and its audit
 * events.
 * @throws SandboxFault if a step fails
 */
export async function tryPatch({ env, root, run, print }: TryOptions): Promise<void> {
  const folder = readDataFolder(env, root);
  const running = runningSandbox(dataFolder(folder));
  if (running === undefined) {
    throw new SandboxFault(`No sandbox runs on ${folder}: start it with "npm start" in another terminal.`);
  }
  const client = running.clients.find(({ tenant }) => tenant === 'acme');
  if (client === undefined) throw new SandboxFault('The sandbox names no client of the tenant acme.');
  const token = await requestToken(running.token_url, client);
  print(`A token for ${client.id} from ${running.token_url}: received.\n`);
  const operationId = await sendPatch(running, token, run, print);
  const events = await auditEvents(running, token, operationId);
  print(`Its audit events:\n${pretty(events)}`);
}

/** Sends the patch, prints request and answer, and returns the operation's id. */
async function sendPatch(
  { bff_url }: RunningSandbox,
  token: string,
  run: number,
  print: TryOptions['print'],
): Promise<string> {
  const currencies = BILLING_TENANTS.find(({ id }) => id === 'acme')?.currencies ?? [];
  const patch = freshPatch(run, currencies);
  const url = `${bff_url}/api/v1/customers/${FIRST_CUSTOMER.id}`;
  print(`PATCH ${url}\n${pretty(patch)}\n`);
  const response = await ask(url, PATCH_DEADLINE_MS, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(patch),
  });
  const operationId = response.headers.get('x-operation-id');
  print(`${response.status} ${response.statusText}  X-Operation-Id: ${operationId ?? '(none)'}`);
  print(`${pretty(await bodyOf(response))}\n`);
  if (response.status !== 200) throw new SandboxFault(`The patch was answered ${response.status}, not 200.`);
  if (operationId === null) throw new SandboxFault('The answer names no operation (X-Operation-Id).');
  return operationId;
}

/** The operation's events, oldest first, when the intent and an outcome exist. */
async function auditEvents(
  { bff_url }: RunningSandbox,
  token: string,
  operationId: string,
): Promise<unknown[]> {
  const url = `${bff_url}/api/v1/audit-events?customer=${FIRST_CUSTOMER.id}&limit=50`;
  const look = async (): Promise<unknown[] | undefined> => {
    const response = await ask(url, AUDIT_DEADLINE_MS, { headers: { authorization: `Bearer ${token}` } });
    const body = await bodyOf(response);
    if (response.status !== 200) {
      throw new SandboxFault(`The audit trail was answered ${response.status}, not 200:\n${pretty(body)}`);
    }
    const events = listOf(members)(members(body, 'answer').data, 'data')
      .filter((event) => event.operation_id === operationId)
      .reverse();
    const phases = events.map(({ phase }) => phase);
    return phases.includes('intent') && phases.includes('outcome') ? events : undefined;
  };
  try {
    return await poll(look, { deadlineMs: AUDIT_DEADLINE_MS, everyMs: 200 });
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    const waited = `${AUDIT_DEADLINE_MS / 1000} s`;
    throw new SandboxFault(`After ${waited} the audit trail had no intent and outcome of ${operationId}.`);
  }
}

async function ask(url: string, deadlineMs: number, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(deadlineMs) });
  } catch (error) {
    throw new SandboxFault(`${url} does not answer (${messageOf(error)}): does the sandbox still run?`);
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
