import { type DataFolder, readJson } from './data-folder.js';
import { codeOf } from './fault.js';
import { flag, listOf, members, number, optional, type Read, text } from './shape.js';
import type { Client } from './token-grant.js';

/** The content of `sandbox.json`: everything that a client of a running sandbox needs. */
export interface RunningSandbox {
  /** Process id of the launcher. */
  pid: number;
  bff_url: string;
  billing_api_url: string;
  issuer: string;
  token_url: string;
  clients: Client[];
}

/** The running sandbox with this data folder, or `undefined`. */
export function runningSandbox(folder: DataFolder): RunningSandbox | undefined {
  const kept = readJson(folder.running);
  if (kept === undefined) return undefined;
  const running = runningShape(kept, 'sandbox');
  // A killed launcher leaves its file behind.
  return isAlive(running.pid) ? running : undefined;
}

const runningShape: Read<RunningSandbox> = (value, at) => {
  const kept = members(value, at);
  return {
    pid: number(kept.pid, `${at}.pid`),
    bff_url: text(kept.bff_url, `${at}.bff_url`),
    billing_api_url: text(kept.billing_api_url, `${at}.billing_api_url`),
    issuer: text(kept.issuer, `${at}.issuer`),
    token_url: text(kept.token_url, `${at}.token_url`),
    clients: listOf(client)(kept.clients, `${at}.clients`),
  };
};

const client: Read<Client> = (value, at) => {
  const kept = members(value, at);
  const tenant = optional(text)(kept.tenant, `${at}.tenant`);
  const keysDown = optional(flag)(kept.keysDown, `${at}.keysDown`);
  const uses = optional(text)(kept.uses, `${at}.uses`);
  return {
    id: text(kept.id, `${at}.id`),
    secret: text(kept.secret, `${at}.secret`),
    scopes: listOf(text)(kept.scopes, `${at}.scopes`),
    ...(tenant === undefined ? {} : { tenant }),
    ...(uses === undefined ? {} : { uses }),
    ...(keysDown === undefined ? {} : { keysDown }),
  };
};

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process is alive and belongs to another user.
    return codeOf(error) === 'EPERM';
  }
}
