import { randomUUID } from 'node:crypto';
import { AuditWriter } from '../src/audit/audit-writer.js';
import type { AuditEvent } from '../src/audit/audit-event.js';
import { Sealer } from '../src/sealing/sealer.js';
import {
  allSealed,
  exportLines,
  leafHashOf,
  type Proof,
  read,
  rootOfInclusion,
  rootsOfConsistency,
  type Seal,
  type SealPage,
} from './support/sealed-trail.js';
import { startBff, type TestBff } from './support/start-bff.js';

/** Sizes that the log has at its seals: small ones, and all around multiples of 16, whose nodes are stored. */
const SIZES = [
  ...[2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65],
  ...[127, 128, 129, 255, 256, 257, 273],
];

let bff: TestBff;
let model: AuditEvent;
let seals: Seal[];
/** Canonical text by event id, in the order of the log. */
let stored: Map<string, string>;
beforeAll(async () => {
  bff = await startBff({ seals: true });
  await bff.patch({ name: 'Acme AG' });
  await allSealed(bff);
  [model] = (await bff.events(2)) as unknown as [AuditEvent];
  let size = 2;
  for (const next of SIZES) {
    await append(next - size);
    size = next;
    await sealNow();
  }
  seals = ((await read(bff, 'audit-seals?limit=200')).body as SealPage).data;
  stored = new Map(
    (await exportLines(bff))
      .slice(0, size)
      .map((line) => [(JSON.parse(line) as { id: string }).id, line.replace(/,"seal":\{[^}]*\}\}$/, '}')]),
  );
});
afterAll(() => bff.stop());

it('the log has a seal of each size', () => {
  expect(seals.map(({ tree_size: size }) => size)).toEqual(expect.arrayContaining(SIZES));
});

it('every event of the log has a proof that leads to the root of its seal', async () => {
  let index = 0;
  for (const [id, text] of stored) {
    const { body } = await read(bff, `audit-events/${id}/proof`);
    const proof = body as Proof;
    const seal = seals.find(({ seal: number }) => number === proof.seal);
    expect(proof).toEqual({
      event_id: id,
      log: 'acme',
      leaf_index: index,
      leaf_hash: leafHashOf(text),
      tree_size: seal?.tree_size,
      path: proof.path,
      seal: seal?.seal,
      jws: seal?.jws,
    });
    expect(rootOfInclusion(proof)).toBe(seal?.root);
    index += 1;
  }
  expect(index).toBe(273);
});

it('a proof leads nowhere for another leaf, another place or another path', async () => {
  const [id = ''] = [...stored.keys()].slice(240);
  const proof = (await read(bff, `audit-events/${id}/proof`)).body as Proof;
  const { root } = seals[proof.seal - 1] ?? { root: '' };
  expect(rootOfInclusion(proof)).toBe(root);
  expect(rootOfInclusion({ ...proof, leaf_hash: leafHashOf('another') })).not.toBe(root);
  expect(rootOfInclusion({ ...proof, leaf_index: proof.leaf_index - 1 })).not.toBe(root);
  expect(rootOfInclusion({ ...proof, path: proof.path.slice(1) })).not.toBe(root);
});

it('each seal is proven to have only added to each one before', async () => {
  const pairs = seals.flatMap((b) => seals.filter((a) => a.seal <= b.seal).map((a) => [a, b] as const));
  for (const [a, b] of pairs.filter((_, n) => n % 3 === 0)) {
    const { body } = await read(bff, `audit-seals/${a.seal}/consistency/${b.seal}`);
    const proof = body as { path: string[] };
    const [first, second] = [a.tree_size, b.tree_size];
    expect(proof).toEqual({ log: 'acme', first, second, path: proof.path });
    expect(rootsOfConsistency({ first, second, path: proof.path }, a.root)).toEqual([a.root, b.root]);
  }
});

it.each<[string, number, string]>([
  ['1/consistency/999', 404, 'not-found'],
  ['998/consistency/999', 404, 'not-found'],
  ['999999999/consistency/999999999', 404, 'not-found'],
  ['2/consistency/1', 400, 'validation-failed'],
  ['0/consistency/1', 400, 'validation-failed'],
  ['-1/consistency/1', 400, 'validation-failed'],
  ['01/consistency/1', 400, 'validation-failed'],
  ['1/consistency/1.5', 400, 'validation-failed'],
  ['1/consistency/x', 400, 'validation-failed'],
  ['1/consistency/%00', 400, 'validation-failed'],
  ['1/consistency/9999999999', 400, 'validation-failed'],
])('consistency of what is no pair of seals: %s is %d', async (pair, status, slug) => {
  const answer = await read(bff, `audit-seals/${pair}`);
  expect(answer.body).toMatchObject({ type: `urn:billing-bff:problem:${slug}`, status });
  expect(answer.status).toBe(status);
});

it('another tenant’s proofs are not there', async () => {
  const [id = ''] = stored.keys();
  const globex = { tenant_id: 'globex' };
  for (const path of [`audit-events/${id}/proof`, 'audit-seals/1/consistency/1'])
    expect(await read(bff, path, globex)).toMatchObject({
      status: 404,
      body: { type: 'urn:billing-bff:problem:not-found', code: 'NOT_FOUND' },
    });
});

it.each([randomUUID(), 'abc', '1', '%00', "'--", 'x'.repeat(300)])(
  'an event that does not exist has no proof: %s',
  async (id) => {
    const answer = await read(bff, `audit-events/${id}/proof`);
    expect(answer).toMatchObject({ status: 404, body: { type: 'urn:billing-bff:problem:not-found' } });
    expect(answer.headers.has('retry-after')).toBe(false);
  },
);

it('an id in capitals is the same', async () => {
  const [id = ''] = stored.keys();
  const { body } = await read(bff, `audit-events/${id.toUpperCase()}/proof`);
  expect(body).toEqual((await read(bff, `audit-events/${id}/proof`)).body);
});

it('an event that waits for its seal is 409 with Retry-After, another tenant’s is 404 all the same', async () => {
  await bff.app.get(Sealer).onModuleDestroy();
  const [id = ''] = await append(1);
  const answer = await read(bff, `audit-events/${id}/proof`);
  expect(answer.body).toEqual({
    type: 'urn:billing-bff:problem:not-sealed',
    title: expect.any(String) as unknown,
    status: 409,
    detail: expect.stringContaining('not sealed yet') as unknown,
    message: (answer.body as { detail: string }).detail,
    instance: `urn:billing-bff:request:${answer.headers.get('x-request-id') ?? ''}`,
    code: 'CONFLICT',
    request_id: answer.headers.get('x-request-id'),
  });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([409, '1']);
  expect((await read(bff, `audit-events/${id}/proof`, { tenant_id: 'globex' })).status).toBe(404);
});

async function append(count: number): Promise<string[]> {
  const writer = bff.app.get(AuditWriter);
  const events = Array.from({ length: count }, (): AuditEvent => {
    nextId += 1;
    const id = `${model.id.slice(0, 24)}${nextId.toString(16).padStart(12, '0')}`;
    return { ...model, id, action: 'access.refused', phase: 'refusal', operation_id: null };
  });
  await Promise.all(events.map((event) => writer.append({ event })));
  return events.map(({ id }) => id);
}

let nextId = 0xf00000000000;

/** What the sealer does twice a second, now. */
async function sealNow(): Promise<void> {
  await bff.app.get<Sealer, { poll: () => Promise<void> }>(Sealer).poll();
  await allSealed(bff);
}
