// What the console asks of the BFF: the typed client, and the routes that the client leaves out.
import {
  type BillingBffClient,
  type components,
  createClient,
  type Operation,
  type Problem,
} from 'billing-bff-client';

type Schemas = components['schemas'];
export type AuditEvent = Schemas['AuditEvent'];
export type Change = Schemas['Change'];
export type Tenant = Schemas['Tenant'];
export type TokenVersion = Schemas['TokenVersion'];
export type { Operation };

/** An answer that is not what was asked for; its message is for the person. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Api {
  readonly client: BillingBffClient;
  /** The body as text. */
  text(path: string, accept?: string): Promise<string>;
  bytes(path: string): Promise<Uint8Array<ArrayBuffer>>;
  json<Data>(method: 'GET' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Data>;
}

/** @param tenant for tokens that are good for any tenant */
export function createApi(token: string, tenant: string | undefined): Api {
  const baseUrl = location.origin;
  const headers = {
    Authorization: `Bearer ${token}`,
    ...(tenant === undefined ? {} : { 'X-Tenant-Id': tenant }),
  };
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(`${baseUrl}/api/v1/${path}`, init);
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
    throw new Refused(response.status, problem.detail ?? `The BFF answered ${response.status}.`);
  };
  return {
    client: createClient({ baseUrl, token, ...(tenant === undefined ? {} : { tenant }) }),
    async text(path, accept = '*/*') {
      return (await ask(path, { headers: { ...headers, Accept: accept } })).text();
    },
    async bytes(path) {
      return new Uint8Array(await (await ask(path, { headers })).arrayBuffer());
    },
    async json<Data>(method: string, path: string, body?: object) {
      const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
      const given = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await ask(path, { method, headers: { ...headers, ...type }, ...given });
      return (response.status === 204 ? undefined : await response.json()) as Data;
    },
  };
}

/** The data of an answer of the client; otherwise throws what it says. */
export function dataOf<Data>(result: { ok: true; data: Data } | Failed): Data {
  if (result.ok) return result.data;
  throw new Refused(result.problem.status, result.problem.detail);
}

interface Failed {
  readonly ok: false;
  readonly problem: Pick<Problem, 'status' | 'detail'>;
}
