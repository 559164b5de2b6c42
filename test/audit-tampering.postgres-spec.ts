import { sql } from 'kysely';
import { allSealed } from './support/audit-log.js';
import { type Verdict, verify } from './support/auditor.js';
import { Outsider } from './support/outsider.js';
import { checkpointOf, leafHash, noteKey, openNote, readCheckpoint } from './support/second-log.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { asOwner, backUp, restore, runAsOwner } from './support/tampering.js';

const GROUPS = 3;
const PATCHES = 4;

/** Answers requests; its trail gets into the log by another instance, which is started anew each time. */
let bff: TestBff;
let outsider: Outsider;
/** Ids of the events by leaf. */
let ids: string[];
beforeAll(async () => {
  bff = await startBff();
  await grow('First');
  outsider = await Outsider.watching(bff);
  expect(await outsider.feed()).toMatchObject({ status: 200 });
  await backUp(bff, 'older');
  for (let group = 2; group <= GROUPS; group += 1) {
    await grow(`Group ${group}`);
    expect(await outsider.feed()).toMatchObject({ status: 200 });
  }
  await backUp(bff, 'latest');
  ids = await leafIds();
});
afterAll(async () => {
  await outsider.leave();
  await bff.stop();
});
afterEach(() => restore(bff, 'latest'));

async function grow(name: string): Promise<void> {
  for (let n = 0; n < PATCHES; n += 1)
    expect(await bff.patch({ name: `${name}, ${n}` })).toMatchObject({ status: 200 });
  await sequence();
}

/** As after a restart: the instance remembers nothing. */
async function sequence(): Promise<void> {
  const instance = await startBff({ besides: bff, seals: true });
  try {
    await allSealed(bff);
  } finally {
    await instance.stop();
  }
}

async function leafIds(): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from audit_tile, unnest(ids) with ordinality as leaf(id, place)
    where log = 'acme' and level = 0 order by n, place`.execute(bff.database.kysely);
  return rows.map(({ id }) => id);
}

/** What the auditor finds, with what was kept outside. */
async function verdict(with_: 'a kept checkpoint' | 'a witness' | 'nothing'): Promise<Verdict> {
  const evidence = { keys: outsider.vkeys, exported: await outsider.export() };
  if (with_ === 'nothing') return verify(evidence);
  const checkpoints = outsider.cosigned.join('');
  if (with_ === 'a kept checkpoint') return verify({ ...evidence, checkpoints });
  return verify({ ...evidence, checkpoints, witnesses: [outsider.witness.vkey] });
}

const VICTIM = 5;
const id = (leaf: number): string => `'${ids[leaf] ?? ''}'`;
const edit = (set: string, leaf = VICTIM): string => `update audit_record set ${set} where id = ${id(leaf)}`;
const tile = (set: string): string =>
  `update audit_tile set ${set} where log = 'acme' and level = 0 and n = 0`;
const FORGED = '0198f000-0000-7000-8000-000000000001';
const copyAs = (newId: string): string =>
  `insert into audit_record select (e).* from (
     select json_populate_record(t, json_build_object('id', '${newId}')) as e
     from audit_record t where id = ${id(VICTIM)}) s`;

it('nobody tampered: valid by every measure', async () => {
  expect(ids).toHaveLength(2 * GROUPS * PATCHES);
  for (const kept of ['nothing', 'a kept checkpoint', 'a witness'] as const)
    expect(await verdict(kept)).toMatchObject({ code: 0, err: '' });
  expect((await verdict('a witness')).out).toContain(`witnessed up to leaf ${ids.length} (exclusive)`);
});

describe('with the key alone, it is found that somebody', () => {
  const CHANGED = /one of leaves 0 to \d+ was changed/;
  it.each<[string, RegExp, () => string[]]>([
    ['edited an effect', CHANGED, () => [edit(`changes = replace(changes, '"applied"', '"ignored"')`)]],
    ['edited an actor', CHANGED, () => [edit(`actor_sub = 'user-2'`)]],
    ['edited a time', /leaves 5 to 5 were not dropped by retention/, () => [edit(`id = '${FORGED}'`)]],
    [
      'edited a commitment',
      CHANGED,
      () => [edit(`commitments = overlay(commitments placing '\\x00'::bytea from 3)`, VICTIM - 1)],
    ],
    ['put a line of his own into an event', CHANGED, () => [edit(`changes = changes || E'\\n{"x":{}}'`)]],
    [
      'swapped two events',
      CHANGED,
      () => [
        `update audit_record set changes = other.changes, phase = other.phase, outcome = other.outcome from audit_record as other
         where (audit_record.id, other.id) in ((${id(5)}, ${id(6)}), (${id(6)}, ${id(5)}))`,
      ],
    ],
    ['swapped two leaves', CHANGED, () => [tile(`ids[6] = ids[7], ids[7] = ids[6]`)]],
    [
      'deleted an event',
      /leaves 5 to 5 were not dropped by retention|was changed/,
      () => [`delete from audit_record where id = ${id(VICTIM)}`],
    ],
    [
      'deleted the last event',
      /were not dropped by retention/,
      () => [`delete from audit_record where id = ${id(ids.length - 1)}`],
    ],
    [
      'changed a hash of a deleted event',
      /was changed/,
      () => [
        `delete from audit_record where id = ${id(0)}`,
        tile(`hashes = overlay(hashes placing '\\x00'::bytea from 3)`),
      ],
    ],
    [
      'signed with a key of his own',
      /no signature of a trusted key of that log|signature of .* is false/,
      () => {
        const key = noteKey('billing-bff.local/acme');
        const note = checkpointOf('billing-bff.local/acme', [leafHash('mine')], [key]);
        return [`update audit_log set checkpoint = '${note}', checkpoint_size = 1 where log = 'acme'`];
      },
    ],
  ])('%s', async (_what, message, statements) => {
    await runAsOwner(bff, ...statements());
    const { code, err } = await verdict('nothing');
    expect(err).toMatch(message);
    expect(code).toBe(1);
  });
});

describe('the service refuses to extend a log that', () => {
  it.each<[string, () => string[]]>([
    ['has another hash in a tile', () => [tile(`hashes = overlay(hashes placing '\\x00'::bytea from 3)`)]],
    ['has another root', () => [`update audit_log set root = sha256('x') where log = 'acme'`]],
    ['has another size', () => [`update audit_log set size = size - 1 where log = 'acme'`]],
    [
      'has a checkpoint of somebody else',
      () => [
        `update audit_log set checkpoint = '${checkpointOf('billing-bff.local/acme', [leafHash('x')], [noteKey('billing-bff.local/acme')])}', checkpoint_size = 1 where log = 'acme'`,
      ],
    ],
    ['lost its tiles', () => [`delete from audit_tile where log = 'acme'`]],
  ])('%s', async (_what, statements) => {
    await runAsOwner(bff, ...statements());
    const before = await checkpoint();
    await bff.patch({ name: 'Behind it' });
    const instance = await startBff({ besides: bff, seals: true });
    const deadline = Date.now() + 20_000;
    // Said as an error, and in the metrics; see the tests of the log itself.
    while (!instance.logs().includes('"log":"acme"')) {
      if (Date.now() > deadline) throw new Error(`no alarm:\n${instance.logs()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await instance.stop();
    expect(await checkpoint()).toEqual(before);
  });

  async function checkpoint(): Promise<unknown> {
    const query = bff.database.kysely
      .selectFrom('audit_log')
      .select(['size', 'checkpoint'])
      .where('log', '=', 'acme');
    return query.executeTakeFirst();
  }
});

describe('a forged log that the service itself seals, with its own key', () => {
  /** A sealed event is changed, the log's rows are deleted, and all events are queued again. */
  beforeEach(async () => {
    await asOwner(bff, async (owner) => {
      for (const statement of [
        edit(`actor_sub = 'mallory'`),
        `delete from audit_tile where log = 'acme'`,
        `delete from audit_log where log = 'acme'`,
        `insert into audit_pending (log, event_id) select 'acme', id from audit_event where tenant_id = 'acme' on conflict do nothing`,
      ])
        await sql.raw(statement).execute(owner);
    });
    await sequence();
  });

  it('is valid for whoever kept nothing, as the docs say', async () => {
    const { code, out } = await verdict('nothing');
    expect(code).toBe(0);
    expect(out).toContain('nothing that was kept outside and no witness was given');
    expect((await outsider.export()).toString()).toContain('"sub":"mallory"');
  });

  it('is found by a checkpoint kept outside', async () => {
    const { code, err } = await verdict('a kept checkpoint');
    expect([code, err]).toEqual([1, expect.stringMatching(/the log was rewritten/)]);
  });

  it('is refused by a witness, and found by whoever asks for one', async () => {
    expect(await outsider.feed()).toMatchObject({ status: 422 });
    const { code, err } = await verdict('a witness');
    expect([code, err]).toEqual([1, expect.stringMatching(/the log was rewritten/)]);
    // Nor without the cosigned checkpoints: there is none of this log.
    const evidence = {
      keys: outsider.vkeys,
      exported: await outsider.export(),
      witnesses: [outsider.witness.vkey],
    };
    expect(await verify(evidence)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/0 of 1 witnesses cosigned/) as unknown,
    });
  });
});

describe('a database that was rolled back to a backup', () => {
  beforeEach(() => restore(bff, 'older'));

  it('is found by a kept checkpoint and refused by a witness; by the key alone it is not', async () => {
    expect(await verdict('nothing')).toMatchObject({ code: 0 });
    expect(await verdict('a kept checkpoint')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/rolled back/) as unknown,
    });
    expect(await outsider.feed()).toMatchObject({ status: 400 });
    expect(await verdict('a witness')).toMatchObject({ code: 1 });
  });

  it('is restarted under a new name, and the auditor is told what is lost', async () => {
    const [line = ''] = outsider.vkeys;
    const left = readCheckpoint(openNote(outsider.cosigned[0] ?? '', outsider.vkeys).text).size;
    const settings = { AUDIT_LOG_NAME: 'billing-bff.local:2' };
    const restarted = await startBff({ besides: bff, seals: true, settings });
    try {
      await restarted.patch({ name: 'After the restore' });
      await allSealed(restarted);
      const successor = await Outsider.watching(restarted);
      expect(await successor.feed()).toMatchObject({ status: 200 });
      const evidence = { exported: await successor.export(), checkpoints: outsider.cosigned.join('') };
      const keys = [...successor.vkeys, `${line} continued at ${left}`];
      const { code, out, err } = await verify({ ...evidence, keys });
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain(
        `LOST: the log went on under its earlier name "${line.split('+')[0]}" to ${ids.length} leaves at least; this one took over ${left} of them`,
      );
      expect(await verify({ ...evidence, keys: outsider.vkeys })).toMatchObject({ code: 1 });
      const lie = [...successor.vkeys, `${line} continued at ${ids.length}`];
      expect((await verify({ ...evidence, keys: lie })).code).toBe(1);
      await successor.leave();
    } finally {
      await restarted.stop();
    }
  });

  it('is found also once it has grown differently', async () => {
    for (let group = 0; group < GROUPS; group += 1) await grow(`Different ${group}`);
    expect(await verdict('nothing')).toMatchObject({ code: 0 });
    expect(await verdict('a kept checkpoint')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/rewritten|rolled back/) as unknown,
    });
    expect((await outsider.feed())?.status).not.toBe(200);
  });
});

describe('an event that somebody inserted', () => {
  it('is in no log if it was not queued: it has no leaf, and no export of the log shows it', async () => {
    await runAsOwner(bff, copyAs(FORGED));
    expect((await outsider.export()).toString()).not.toContain(FORGED);
    expect(await verdict('a witness')).toMatchObject({ code: 0 });
  });

  it('and queued is in the log, as one that came in late', async () => {
    await runAsOwner(
      bff,
      copyAs(FORGED),
      `insert into audit_pending (log, event_id) values ('acme', '${FORGED}')`,
    );
    await sequence();
    const { code, out } = await verdict('a kept checkpoint');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`SUSPICIOUS: 1 events are older .*${FORGED}`));
  });
});
