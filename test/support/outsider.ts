import { consistencyProof, openNote, readCheckpoint, readTiles, treeHash } from './second-log.js';
import type { TestBff } from './start-bff.js';
import { type Answered, WitnessFolder, type WitnessProcess } from './witness-process.js';

/** Somebody outside who has a token to read the trail, and takes what the log says to a witness. */
export class Outsider {
  /** Checkpoints that the witness cosigned, the last one last. */
  readonly cosigned: string[] = [];
  private size = 0;

  private constructor(
    private readonly bff: TestBff,
    private readonly tenant: string,
    /** As they were on a good day. */
    readonly vkeys: readonly string[],
    readonly witness: WitnessProcess,
    private readonly folder: WitnessFolder,
  ) {}

  static async watching(bff: TestBff, tenant = 'acme'): Promise<Outsider> {
    const vkeys = (await get(bff, tenant, '/audit-log/keys')).toString().trim().split('\n');
    const folder = await WitnessFolder.make(vkeys);
    return new Outsider(bff, tenant, vkeys, await folder.start('witness.example/w1'), folder);
  }

  async leave(): Promise<void> {
    await this.witness.stop();
    await this.folder.remove();
  }

  /** The newest checkpoint, which the tiles have to lead to, goes to the witness. Undefined while there is none. */
  async feed(): Promise<Answered | undefined> {
    const note = await this.checkpoint();
    if (note === undefined) return undefined;
    const { size, root } = readCheckpoint(openNote(note, this.vkeys).text);
    const leaves = await readTiles(size, (path) => get(this.bff, this.tenant, `/audit-log/tile/${path}`));
    if (!treeHash(leaves).equals(root)) throw new Error('the tiles do not lead to the root');
    const proof = size < this.size ? [] : consistencyProof(this.size, leaves);
    const lines = proof.map((hash) => `${hash.toString('base64')}\n`).join('');
    const answer = await this.witness.post(`old ${this.size}\n${lines}\n${note}`);
    if (answer.status === 200) {
      this.cosigned.push(note + answer.text);
      this.size = size;
    }
    return answer;
  }

  private async checkpoint(): Promise<string | undefined> {
    try {
      return (await get(this.bff, this.tenant, '/audit-log/checkpoint')).toString();
    } catch (error) {
      if (String(error).includes('/audit-log/checkpoint: 404')) return undefined;
      throw error;
    }
  }

  export(query = ''): Promise<Buffer> {
    return get(this.bff, this.tenant, `/audit-events${query}`, 'application/x-ndjson');
  }
}

async function get(bff: TestBff, tenant: string, path: string, accept = '*/*'): Promise<Buffer> {
  const token = await bff.idp.token({ scope: 'audit:read', tenant_id: tenant });
  const headers = { Authorization: `Bearer ${token}`, Accept: accept };
  const response = await fetch(`${bff.url}/api/v1${path}`, { headers });
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${body.toString()}`);
  return body;
}
