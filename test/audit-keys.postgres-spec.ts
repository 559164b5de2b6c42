import { allSealed, checkpointOf, exportLines, until, vkeysOf } from './support/audit-log.js';
import { verify } from './support/auditor.js';
import { checkpointOf as makeCheckpoint, leafHash, noteKey, openNote } from './support/second-log.js';
import { startBff, type TestBff } from './support/start-bff.js';

const ORIGIN = 'billing-bff.local/acme';

const [old, next] = [noteKey(ORIGIN), noteKey(ORIGIN)];
const BOTH = `old:${old.seed},next:${next.seed}`;

/** Answers requests; the logs are written by other instances, each with its keys. */
let bff: TestBff;
beforeAll(async () => {
  bff = await startBff({ settings: { AUDIT_SIGNING_KEYS: `old:${old.seed}` } });
});
afterAll(() => bff.stop());

/** Who signed the newest checkpoint, after an instance with these keys had something to write. */
async function signersAfter(AUDIT_SIGNING_KEYS: string): Promise<readonly string[]> {
  const instance = await startBff({ besides: bff, seals: true, settings: { AUDIT_SIGNING_KEYS } });
  try {
    expect((await instance.patch({ name: AUDIT_SIGNING_KEYS })).status).toBe(200);
    await allSealed(bff);
    return openNote(await checkpointOf(bff), [old.vkey, next.vkey]).by;
  } finally {
    await instance.stop();
  }
}

const sizeOf = (note: string): number => Number(note.split('\n')[1]);

describe('a rotation of the signing key', () => {
  /** Size of the log when the old key was taken out. */
  let end: number;

  it('begins with both keys: each verifies by itself', async () => {
    expect(await signersAfter(`old:${old.seed}`)).toEqual([old.vkey]);
    expect(await signersAfter(BOTH)).toEqual([old.vkey, next.vkey]);
    expect(await vkeysOf(bff)).toBe(`${next.vkey}\n${old.vkey}\n`);
    const exported = await exportLines(bff);
    for (const keys of [[old.vkey], [next.vkey], [old.vkey, next.vkey]])
      expect(await verify({ exported, keys })).toMatchObject({ code: 0, err: '' });
  });

  it('ends without the old one, which is trusted up to where the log was', async () => {
    end = sizeOf(await checkpointOf(bff));
    const before = await exportLines(bff);
    expect(await signersAfter(`next:${next.seed}`)).toEqual([next.vkey]);
    const ended = `${old.vkey} until ${end}`;
    expect(await vkeysOf(bff)).toBe(`${next.vkey}\n${ended}\n`);
    const exported = await exportLines(bff);
    expect(await verify({ exported, keys: [next.vkey, ended] })).toMatchObject({ code: 0, err: '' });
    expect(await verify({ exported: before, keys: [ended] })).toMatchObject({ code: 0, err: '' });
    expect(await verify({ exported, keys: [old.vkey] })).toMatchObject({
      code: 1,
      err: expect.stringContaining('no signature of a trusted key of that log') as unknown,
    });
  });

  it('contains a key that was stolen: what it signs beyond its end is trusted by no auditor', async () => {
    const leaves = Array.from({ length: end + 1 }, (_, n) => leafHash(`forged ${n}`));
    const forged = makeCheckpoint(ORIGIN, leaves, [old]);
    const kept = await checkpointOf(bff);
    const lines = await exportLines(bff);
    const head = JSON.parse(lines[0] ?? '') as { export: object };
    const given = { ...head.export, checkpoint: forged, to_leaf: leaves.length };
    const exported = [JSON.stringify({ export: given }), ...lines.slice(1)];
    const keys = [next.vkey, `${old.vkey} until ${end}`];
    expect(await verify({ exported, keys })).toMatchObject({
      code: 1,
      err: expect.stringContaining(`which ended at ${end} leaves`) as unknown,
    });
    // Among those that somebody kept it does not count, and does not hide the others.
    const checkpoints = forged + kept;
    expect(await verify({ exported: lines, keys, checkpoints })).toMatchObject({ code: 0 });
  });

  it('nor by the service: a log with such a checkpoint is an alarm, and does not grow', async () => {
    const kept = await bff.database.kysely
      .selectFrom('audit_log')
      .select(['checkpoint', 'checkpoint_size'])
      .where('log', '=', 'acme')
      .executeTakeFirstOrThrow();
    const { size, root } = await bff.database.kysely
      .selectFrom('audit_log')
      .select(['size', 'root'])
      .where('log', '=', 'acme')
      .executeTakeFirstOrThrow();
    const text = `${ORIGIN}\n${size}\n${root.toString('base64')}\n`;
    await store({ checkpoint: `${text}\n${old.sign(text)}`, checkpoint_size: size });
    const settings = { AUDIT_SIGNING_KEYS: `next:${next.seed}` };
    const instance = await startBff({ besides: bff, seals: true, settings });
    try {
      expect((await instance.patch({ name: 'Behind it' })).status).toBe(200);
      const alarm = /"level":50[^\n]*"log":"acme","reason":"state-does-not-fit-checkpoint"/;
      await until(() => alarm.test(instance.logs()), 'the alarm was raised');
    } finally {
      await instance.stop();
    }
    await store(kept);
    expect(await signersAfter(`next:${next.seed}`)).toEqual([next.vkey]);
  });

  it('is for good: an instance that has only the old key does not start', async () => {
    const settings = { AUDIT_SIGNING_KEYS: `old:${old.seed}` };
    await expect(startBff({ besides: bff, settings })).rejects.toThrow(/only keys that have ended/);
    expect(await signersAfter(BOTH)).toEqual([next.vkey]);
  });

  function store(set: { checkpoint: string | null; checkpoint_size: number }): Promise<unknown> {
    return bff.database.kysely.updateTable('audit_log').set(set).where('log', '=', 'acme').execute();
  }
});
