import { randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { sql } from 'kysely';
import type { AuditEvent } from '../src/audit/audit-event.js';
import { storeEntries } from '../src/audit/audit-rows.js';
import {
  allSealed,
  checkExport,
  checkpointOf,
  exportLines,
  leafHashOf,
  merkleTreeHash,
  read,
  readCheckpoint,
  readProof,
  rootOfInclusion,
  sealNow,
  until,
  vkeysOf,
} from './support/audit-log.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { parametersOf } from './support/test-answer.js';

/** Sizes at which the log is looked at: around what fills a tile. */
const SIZES = [2, 3, 255, 256, 257, 515];

let bff: TestBff;
let vkeys: string[];
/** By size. */
const checkpoints = new Map<number, string>();
/** The stored text of each leaf. */
let texts: string[];
beforeAll(async () => {
  bff = await startBff({ seals: true });
  vkeys = (await vkeysOf(bff)).trim().split('\n');
  await bff.patch({ name: 'Acme AG' });
  const [model] = (await bff.events(2)) as unknown as [AuditEvent];
  let size = 2;
  for (const next of SIZES) {
    await append(model, next - size);
    size = next;
    await allSealed(bff);
    checkpoints.set(size, await checkpointOf(bff));
  }
  texts = (await exportLines(bff)).slice(1, -1).map((line) => line.replace(/,"leaf_index":\d+\}$/, '}'));
});
afterAll(() => bff.stop());

/** Refusals, as the service stores them. */
async function append(model: AuditEvent, count: number, to = bff): Promise<void> {
  const entries = Array.from({ length: count }, () => ({
    event: {
      ...model,
      id: `${model.id.slice(0, 24)}${randomBytes(6).toString('hex')}`,
      operation_id: null,
      action: 'access.refused' as const,
      phase: 'refusal' as const,
      changes: [],
    },
  }));
  for (let at = 0; at < count; at += 100) await storeEntries(to.database.kysely, entries.slice(at, at + 100));
}

describe('a checkpoint', () => {
  it('is a signed note of the log’s size and root', async () => {
    const { status, headers, body } = await read(bff, 'audit-log/checkpoint');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    const root = merkleTreeHash(texts.map(leafHashOf));
    expect(body).toMatch(
      new RegExp(`^billing-bff\\.local/acme\n515\n[^\n]{44}\n\n— billing-bff\\.local/acme [^\n]{92}\n$`),
    );
    expect(readCheckpoint(String(body), vkeys)).toEqual({
      origin: 'billing-bff.local/acme',
      size: 515,
      root,
      signers: ['billing-bff.local/acme'],
    });
  });

  it('of every size extends those before', () => {
    expect([...checkpoints.keys()]).toEqual(SIZES);
    for (const [size, note] of checkpoints) {
      const { size: said, root } = readCheckpoint(note, vkeys);
      expect(said).toBe(size);
      expect(root).toEqual(merkleTreeHash(texts.slice(0, size).map(leafHashOf)));
    }
  });

  it('is a line of the log, too, and none is made when nothing was added', async () => {
    const lines = (): string[] =>
      bff
        .logs()
        .split('\n')
        .filter((line) => line.includes('"msg":"checkpoint"'));
    const signed = lines().map((line) => JSON.parse(line) as { log: string; checkpoint: string });
    const acme = signed.filter(({ log }) => log === 'acme').map(({ checkpoint }) => checkpoint);
    expect(acme).toEqual(expect.arrayContaining([...checkpoints.values()]));
    expect(new Set(acme).size).toBe(acme.length);
    // The export above is an event.
    await allSealed(bff);
    const before = [lines().length, await checkpointOf(bff)];
    await sealNow(bff);
    expect([lines().length, await checkpointOf(bff)]).toEqual(before);
  });

  it('of a tenant without events is 404', async () => {
    const { status, body } = await read(bff, 'audit-log/checkpoint', { tenant_id: 'globex' });
    expect(status).toBe(404);
    expect(body).toMatchObject({ type: 'urn:billing-bff:problem:not-found' });
  });

  it('comes once a second at most, however many events there are', async () => {
    const before = bff.logs().length;
    const made = (): number =>
      bff
        .logs()
        .slice(before)
        .split(/"log":"acme".*"msg":"checkpoint"/).length - 1;
    const began = Date.now();
    while (made() < 2) await bff.patch({ name: `Name ${Date.now()}` });
    expect(Date.now() - began).toBeGreaterThan(990);
  });
});

describe('the keys', () => {
  it('are vkeys under the log’s origin, each log its own', async () => {
    const { headers, body } = await read(bff, 'audit-log/keys');
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(body).toMatch(/^billing-bff\.local\/acme\+[0-9a-f]{8}\+AQ?[A-Za-z0-9+/]+\n$/);
    const globex = await vkeysOf(bff, { tenant_id: 'globex' });
    expect(globex).toMatch(/^billing-bff\.local\/globex\+/);
    expect(globex.split('+').slice(2).join('+')).toBe(String(body).split('+').slice(2).join('+'));
  });
});

describe('a proof', () => {
  it('of an event anywhere leads to the root of its checkpoint', async () => {
    for (const [index, text] of texts.entries()) {
      if (index % 9 > 0 && index % 256 > 1 && index % 256 < 254) continue;
      const { id } = JSON.parse(text) as { id: string };
      const { status, headers, body } = await read(bff, `audit-events/${id}/proof`);
      expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
      const proof = readProof(String(body));
      const { size, root, signers } = readCheckpoint(proof.checkpoint, vkeys);
      expect(proof.index).toBe(index);
      expect(signers).toEqual(['billing-bff.local/acme']);
      expect(rootOfInclusion(leafHashOf(text), index, size, proof.path)).toEqual(root);
      expect(rootOfInclusion(leafHashOf(`${text} `), index, size, proof.path)).not.toEqual(root);
    }
  });

  it('can be asked for by an id in capitals', async () => {
    const { id } = JSON.parse(texts[7] ?? '') as { id: string };
    expect((await read(bff, `audit-events/${id.toUpperCase()}/proof`)).status).toBe(200);
  });

  it('asked for too early is 409, and for anything else 404', async () => {
    const early = await startBff();
    await early.patch({ name: 'Too early' });
    const { body } = await read(early, 'audit-events?action=customer.patch&limit=1');
    const { data } = body as { data: { id: string; leaf_index: number | null }[] };
    expect(data[0]?.leaf_index).toBeNull();
    const answer = await read(early, `audit-events/${data[0]?.id ?? ''}/proof`);
    expect(answer.status).toBe(409);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.body).toMatchObject({ type: 'urn:billing-bff:problem:not-sealed', code: 'CONFLICT' });
    await early.stop();
    for (const id of ['01890000-0000-7000-8000-000000000000', 'abc', '%00', "'--"])
      expect((await read(bff, `audit-events/${id}/proof`)).status).toBe(404);
  });

  it('asked for in the moment when the event is in the log, and no checkpoint covers it yet, is 409, too', async () => {
    const sealing = await startBff({ seals: true });
    await sealing.patch({ name: 'Covered' });
    await allSealed(sealing);
    // It lasts until the last checkpoint is a second old. Many events that wait enter the log earlier.
    const { kysely } = sealing.database;
    await sql`update audit_log set checkpoint_at = now() + interval '1 hour'`.execute(kysely);
    await sealing.patch({ name: 'Not yet covered' });
    const [model] = (await sealing.events(4)) as unknown as [AuditEvent];
    await append(model, 256, sealing);
    await sealNow(sealing);
    const { body } = await read(sealing, 'audit-events?action=customer.patch&limit=1');
    const [event] = (body as { data: [{ id: string; leaf_index: number | null }] }).data;
    expect(event.leaf_index).not.toBeNull();
    const answer = await read(sealing, `audit-events/${event.id}/proof`);
    await sealing.stop();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([409, '1']);
    expect(answer.body).toMatchObject({ type: 'urn:billing-bff:problem:not-sealed', code: 'CONFLICT' });
  });
});

describe('a tile', () => {
  const tile = async (path: string, claims = {}): Promise<{ status: number; bytes: Buffer }> => {
    const Authorization = `Bearer ${await bff.idp.token({ scope: 'audit:read', ...claims })}`;
    const answer = await fetch(`${bff.url}/api/v1/audit-log/tile/${path}`, { headers: { Authorization } });
    return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
  };

  it('has the hashes of the leaves, and above them those of full tiles', async () => {
    const leaves = texts.map(leafHashOf);
    const full = [0, 1].map((n) => leaves.slice(256 * n, 256 * (n + 1)));
    for (const [n, hashes] of full.entries())
      expect(await tile(`0/00${n}`)).toEqual({ status: 200, bytes: Buffer.concat(hashes) });
    expect(await tile('0/002.p/3')).toEqual({ status: 200, bytes: Buffer.concat(leaves.slice(512, 515)) });
    expect(await tile('0/000.p/17')).toEqual({ status: 200, bytes: Buffer.concat(leaves.slice(0, 17)) });
    expect(await tile('1/000.p/2')).toEqual({
      status: 200,
      bytes: Buffer.concat(full.map(merkleTreeHash)),
    });
  });

  it('that the log does not have is 404', async () => {
    for (const path of ['0/900', '1/000', '2/000.p/1', '63/x999/x999/x999/x999/999', '1/000.p/200'])
      expect([path, (await tile(path)).status]).toEqual([path, 404]);
    expect((await tile('0/000', { tenant_id: 'globex' })).status).toBe(404);
  });

  it.each([
    ...['0/0', '0/000.p/256', '0/000.p/0', '64/000', '0/x000/001', '0/entries', '0//000', '0/', '0/000%00'],
    ...['0/..%2f..%2fkeys', '0/000%0a', `0/${'x001/'.repeat(40)}001`, '0/%D9%A0%D9%A0%D9%A0'],
    ...['entries/000', '-1/000', '0x0/000', '0/000.p/1/2'],
  ])('at %s is 400', async (path) => {
    const answer = await read(bff, `audit-log/tile/${path}`);
    expect({ path, status: answer.status }).toEqual({ path, status: 400 });
    expect(parametersOf(answer)).toEqual(['path']);
  });

  it.each(['audit-log/tile', 'audit-log/tile/0', 'audit-log/', 'audit-log', 'audit-log/seals', 'audit-keys'])(
    'is not at %s: 404',
    async (path) => {
      expect((await read(bff, path)).status).toBe(404);
    },
  );
});

describe('readers', () => {
  it.each(['audit-log/checkpoint', 'audit-log/keys', 'audit-log/tile/0/000'])(
    'of %s need audit:read, and no query is taken',
    async (path) => {
      expect((await read(bff, path, { scope: 'customers:write' })).status).toBe(403);
      const answer = await read(bff, `${path}?log=globex`);
      expect(answer.status).toBe(400);
      expect(parametersOf(answer)).toEqual(['log']);
    },
  );

  it('may read the whole trail of a suspended tenant, and patch nothing', async () => {
    await bff.send('PATCH', '/api/v1/customers/cus_1', { name: 'x' }, await as({ tenant_id: 'initech' }));
    await until(async () => (await list('initech')).length > 0, 'the refusal was recorded');
    const suspended = { tenant_id: 'initech' };
    await allSealed(bff);
    const vkey = await vkeysOf(bff, suspended);
    const exported = checkExport(await exportLines(bff, suspended), vkey);
    expect(exported).toMatchObject({ origin: 'billing-bff.local/initech', pruned: 0 });
    const { body } = await read(bff, 'audit-events?action=access.refused', suspended);
    const [refusal] = (body as { data: { id: string; problem: string }[] }).data;
    expect(refusal?.problem).toBe('tenant-suspended');
    for (const path of [`audit-events/${refusal?.id ?? ''}`, `audit-events/${refusal?.id ?? ''}/proof`])
      expect((await read(bff, path, suspended)).status).toBe(200);
    const patch = await bff.send('PATCH', '/api/v1/customers/cus_1', { name: 'x' }, await as(suspended));
    expect(patch.body).toMatchObject({ type: 'urn:billing-bff:problem:tenant-suspended' });
  });

  it('who may act for any tenant may read _platform, and others may not', async () => {
    await bff.send('PATCH', '/api/v1/customers/cus_1', { name: 'x' }, await as({ tenant_id: 'nobody' }));
    const any = { scope: 'audit:read tenants:any', tenant_id: undefined };
    const platform = { 'X-Tenant-Id': '_platform' };
    const events = async (): Promise<{ tenant_id: null; problem: string }[]> =>
      ((await read(bff, 'audit-events?action=access.refused', any, platform)).body as { data: [] }).data;
    await until(async () => (await events()).length > 0, 'the refusal was recorded');
    expect(await events()).toMatchObject([{ tenant_id: null, problem: 'tenant-unknown' }]);
    await allSealed(bff);
    const { body } = await read(bff, 'audit-events', any, { ...platform, Accept: 'application/x-ndjson' });
    const keys = String((await read(bff, 'audit-log/keys', any, platform)).body);
    expect(checkExport(String(body).trimEnd().split('\n'), keys)).toMatchObject({
      origin: 'billing-bff.local/_platform',
    });
    // Reading it is recorded there.
    await until(
      async () => (await events()).length > 0 && (await platformReads()).length > 0,
      'the read was recorded',
    );
    for (const claims of [
      { tenant_id: '_platform' },
      { scope: 'audit:read tenants:any', tenant_id: '_platforn' },
    ])
      expect((await read(bff, 'audit-events', claims)).status).toBe(403);
    expect((await read(bff, 'audit-events', {}, platform)).status).toBe(403);
    const patch = await bff.send(
      'PATCH',
      '/api/v1/customers/cus_1',
      { name: 'x' },
      { ...(await as({ scope: 'customers:write tenants:any', tenant_id: undefined })), ...platform },
    );
    expect(patch.status).toBe(403);
  });
});

const platformReads = async (): Promise<unknown[]> =>
  bff.database.kysely
    .selectFrom('audit_event')
    .select('id')
    .where('tenant_id', 'is', null)
    .where('action', '=', 'audit.exported')
    .execute();

async function list(tenant_id: string): Promise<unknown[]> {
  return ((await read(bff, 'audit-events?action=access.refused', { tenant_id })).body as { data: [] }).data;
}

async function as(claims: JWTPayload): Promise<Record<string, string>> {
  return { Authorization: `Bearer ${await bff.idp.token(claims)}` };
}
