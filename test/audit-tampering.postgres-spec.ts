import { exportTrail, keysOf, sealByHand, sealsOf, verify, type Verdict } from './support/audit-outside.js';
import { startBff, type TestBff } from './support/start-bff.js';
import {
  asOwner,
  backUp,
  type ForgedKey,
  forgeKey,
  restore,
  rewriteLog,
  runAsOwner,
  signWith,
} from './support/tampering.js';

const SEALS = 6;
const PATCHES = 4;
/** Of each seal: intent and outcome of each patch. */
const BATCH = 2 * PATCHES;

let bff: TestBff;
let seal: () => Promise<void>;
/** Kept outside before anybody tampered. */
let keys: { keys: Record<string, string>[] };
let seals: string[];
/** Ids of the events by leaf. */
let ids: string[];
beforeAll(async () => {
  bff = await startBff({ seals: true });
  seal = await sealByHand(bff);
  for (let number = 1; number <= SEALS; number += 1) {
    await grow(`Name ${number}`);
    if (number === SEALS / 2) await backUp(bff, 'older');
  }
  keys = await keysOf(bff);
  seals = await sealsOf(bff);
  await backUp(bff, 'latest');
  const leaves = bff.database.kysely.selectFrom('audit_leaf').select('event_id').where('log', '=', 'acme');
  ids = (await leaves.orderBy('leaf_index').execute()).map(({ event_id }) => event_id);
});
afterAll(() => bff.stop());
beforeEach(async () => {
  expect(await verdict()).toMatchObject({ code: 0, err: '' });
});
afterEach(async () => {
  await restore(bff, 'latest');
  const { code, out } = await verdict();
  expect([code, out]).toEqual([0, expect.stringContaining(`${SEALS} seals kept outside are in it`)]);
});

async function grow(name: string): Promise<void> {
  for (let n = 0; n < PATCHES; n += 1) await bff.patch({ name: `${name}, ${n}` });
  await seal();
}

async function verdict(kept: { seals?: string[] } = { seals }): Promise<Verdict> {
  return verify({ exported: await exportTrail(bff), keys, ...kept });
}

async function expectFound(message: RegExp): Promise<void> {
  const { code, err } = await verdict();
  expect(err).toMatch(message);
  expect(code).toBe(1);
}

it('builds some dozens of events under several seals', () => {
  expect(seals).toHaveLength(SEALS);
  expect(ids).toHaveLength(SEALS * BATCH);
});

const VICTIM = 19;
const id = (leaf: number): string => `'${ids[leaf] ?? ''}'`;
const edit = (from: string, to: string, leaf = VICTIM): string =>
  `update audit_event set event = regexp_replace(event, '${from}', '${to}') where id = ${id(leaf)}`;
const forgedId = '0198f000-0000-7000-8000-000000000001';
const insert = (newId: string): string =>
  `insert into audit_event select (e).* from (
     select json_populate_record(t, json_build_object('id', ${newId}, 'event',
       replace(t.event, t.id::text, ${newId}))) as e from audit_event t where id = ${id(VICTIM)}) s`;
const CHANGED = /the events are not those of seal 3: one of leaves 16 to 23 was changed \(\S+ on line 17 to/;

describe('without touching seals, it is found that somebody', () => {
  it.each<[string, RegExp, () => string[]]>([
    ['edited a value', CHANGED, () => [edit('"after":"[^"]*"', '"after":"B***"', VICTIM - 1)]],
    ['edited an effect', CHANGED, () => [edit('"effect":"applied"', '"effect":"ignored"')]],
    ['edited an actor', CHANGED, () => [edit('user-1', 'user-2')]],
    ['edited a time', CHANGED, () => [edit('"occurred_at":"20..', '"occurred_at":"1999')]],
    [
      'edited with triggers off',
      CHANGED,
      () => [
        'alter table audit_event disable trigger all',
        edit('"status":200', '"status":500'),
        'alter table audit_event enable trigger all',
      ],
    ],
    [
      'put a line of his own into an event',
      /line \d+/,
      () => [`update audit_event set event = event || E'\\n{"x":{}}' where id = ${id(VICTIM)}`],
    ],
    [
      'swapped two events',
      CHANGED,
      () => [
        `update audit_event set event = other.event from audit_event as other
       where (audit_event.id, other.id) in ((${id(19)}, ${id(20)}), (${id(20)}, ${id(19)}))`,
      ],
    ],
    [
      'swapped two leaves',
      CHANGED,
      () => [
        `update audit_leaf set leaf_index = -1 where event_id = ${id(19)}`,
        `update audit_leaf set leaf_index = 19 where event_id = ${id(20)}`,
        `update audit_leaf set leaf_index = 20 where event_id = ${id(19)}`,
      ],
    ],
    [
      'deleted an event and its leaf',
      /leaf 19 is missing, which seal 3 covers/,
      () => [
        `delete from audit_event where id = ${id(VICTIM)}`,
        `delete from audit_leaf where event_id = ${id(VICTIM)}`,
      ],
    ],
    ['deleted a leaf', /leaf 19 is missing/, () => [`delete from audit_leaf where event_id = ${id(VICTIM)}`]],
    [
      'deleted an event, not its leaf',
      /the event of leaf 19 \(\S+, sealed by seal 3 on \S+\) is missing/,
      () => [`delete from audit_event where id = ${id(VICTIM)}`],
    ],
    [
      'deleted an event, and says that it was of a month long gone',
      /the event of leaf 19 .* is missing/,
      () => [
        `delete from audit_event where id = ${id(VICTIM)}`,
        `update audit_leaf set event_id = '${forgedId}' where event_id = ${id(VICTIM)}`,
      ],
    ],
    [
      'deleted the first event',
      /the event of leaf 0 .* is missing/,
      () => [`delete from audit_event where id = ${id(0)}`],
    ],
    [
      'deleted the last sealed event',
      /the event of leaf 47 .* seal 6 .* is missing/,
      () => [`delete from audit_event where id = ${id(SEALS * BATCH - 1)}`],
    ],
    [
      'deleted the last sealed event and its leaf',
      /leaf 47 is missing, which seal 6 covers/,
      () => [
        `delete from audit_event where id = ${id(SEALS * BATCH - 1)}`,
        `delete from audit_leaf where event_id = ${id(SEALS * BATCH - 1)}`,
      ],
    ],
    [
      'deleted a batch',
      /leaf 16 is missing, which seal 3 covers/,
      () => [
        `delete from audit_event where id in (select event_id from audit_leaf where log = 'acme' and seal = 3)`,
        `delete from audit_leaf where log = 'acme' and seal = 3`,
      ],
    ],
    [
      'deleted a batch and its seal',
      /seal 3 is missing: seal 4 is in its place/,
      () => [
        `delete from audit_event where id in (select event_id from audit_leaf where log = 'acme' and seal = 3)`,
        `delete from audit_leaf where log = 'acme' and seal = 3`,
        `delete from audit_seal where log = 'acme' and seal = 3`,
      ],
    ],
    [
      'deleted the last seal',
      /leaf 40 says that it is sealed, and no seal covers it/,
      () => [`delete from audit_seal where log = 'acme' and seal = ${SEALS}`],
    ],
    [
      'inserted an event',
      new RegExp(`the event ${forgedId} is older than seal 6 .* no seal covers it`),
      () => [insert(`'${forgedId}'`)],
    ],
    [
      'inserted an event and a leaf',
      /leaf 48 is missing|leaf 48 says that it is sealed, and no seal/,
      () => [
        insert(`'${forgedId}'`),
        `insert into audit_leaf values ('acme', 48, '${forgedId}', repeat('0', 64), 6)`,
        `update audit_log set tree_size = 49 where log = 'acme'`,
      ],
    ],
    [
      'inserted an event among the leaves',
      /one of leaves 16 to 23 was changed/,
      () => [
        insert(`'${forgedId}'`),
        `update audit_leaf set leaf_index = -leaf_index where log = 'acme' and leaf_index >= 20`,
        `update audit_leaf set leaf_index = 1 - leaf_index where log = 'acme' and leaf_index < 0`,
        `insert into audit_leaf values ('acme', 20, '${forgedId}', repeat('0', 64), 3)`,
      ],
    ],
  ])('%s', async (_what, message, statements) => {
    await runAsOwner(bff, ...statements());
    await expectFound(message);
  });
});

describe('rewriting an event with its leaf, the nodes and every seal', () => {
  const forge = (key: ForgedKey): Promise<void> =>
    asOwner(bff, async (owner) => {
      await runAsOwner(bff, edit('user-1', 'user-2'));
      await rewriteLog(owner, 'acme', key);
    });
  const genuine = (): string => keys.keys[0]?.['kid'] ?? '';

  it('is found with a signature in the name of the key', async () => {
    await forge(await forgeKey(genuine()));
    await expectFound(/the signature of seal 1 is false/);
  });

  it('is found with a key of one’s own in audit_key', async () => {
    const key = await forgeKey();
    await runAsOwner(
      bff,
      `insert into audit_key (kid, x, created_at) values ('forged', '${String(key.jwk.x)}', now())`,
    );
    await forge(key);
    expect((await keysOf(bff)).keys.map(({ kid }) => kid)).toContain('forged');
    await expectFound(/seal 1 is signed by the key forged, which is not trusted/);
  });

  it('is found with a key that endorses itself', async () => {
    const forger = await forgeKey(genuine());
    const { kty, crv, x } = forger.jwk;
    const endorsement = await signWith(forger, { kty, crv, x, kid: 'forged', alg: 'EdDSA', use: 'sig' });
    await forge({ jwk: forger.jwk, header: { alg: 'EdDSA', kid: 'forged', endorsement } });
    await expectFound(/the signature of the endorsement of the key of seal 1 is false/);
  });

  it('is found with a seal for an endorsement', async () => {
    await forge(await forgeKey('forged', seals[0]));
    await expectFound(/the endorsement of the key of seal 1 is of another key/);
  });
});

describe('a database that is rolled back to an older backup', () => {
  it('is found by a seal kept outside, and only by that', async () => {
    await restore(bff, 'older');
    await expectFound(/seal 4 of \S+Z was kept outside, and the trail ends before it: it was rolled back/);
    await expectOnlySeals();
  });

  it('is found also once it has grown differently', async () => {
    await restore(bff, 'older');
    for (let n = 0; n < SEALS; n += 1) await grow(`Different ${n}`);
    await expectFound(/seal 4 is not the one that was kept outside: the trail was rewritten/);
    await expectOnlySeals();
  });

  /** As the docs say. */
  async function expectOnlySeals(): Promise<void> {
    const { code, out } = await verdict({});
    expect(code).toBe(0);
    expect(out).toContain(
      'no seals kept outside were given: a trail that was rolled back as a whole would not',
    );
  }
});

it('columns beside the event are copies: an export does not show what was written there', async () => {
  await runAsOwner(
    bff,
    `update audit_event set actor_sub = 'mallory', outcome = 'rejected', tenant_id = 'globex'`,
  );
  const exported = await exportTrail(bff);
  expect(await verify({ exported, keys, seals })).toMatchObject({ code: 0 });
  expect(exported).not.toContain('mallory');
});
