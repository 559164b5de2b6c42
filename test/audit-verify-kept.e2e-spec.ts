import { readFile } from 'node:fs/promises';
import { Auditor, type Verdict, verify } from './support/auditor.js';
import { checkpointOf, noteKey, rangeHashes, writeProof } from './support/second-log.js';
import { LOG, SyntheticTrail } from './support/synthetic-trail.js';

const MINUTE = 60_000;
const trail = new SyntheticTrail(40);
const { key } = trail;
const keys = [key.vkey];
/** The same log, with another event as leaf 12. */
const rewritten = otherFrom(12, 13);
/** The same log up to leaf 20, and then others. */
const forked = otherFrom(20, 40);
const [first, second, third] = [1, 2, 3].map((n) => noteKey(`witness.example/w${n}`, 4)) as [
  Witness,
  Witness,
  Witness,
];
type Witness = ReturnType<typeof noteKey>;

function otherFrom(from: number, to: number): SyntheticTrail {
  const other = new SyntheticTrail();
  Object.assign(other, { key: trail.key });
  for (let n = 0; n < 40; n += 1)
    other.add(undefined, n >= from && n < to ? { actor: { sub: 'mallory' } } : {});
  return other;
}

const notValid = (message: RegExp): object => ({
  code: 1,
  out: '',
  err: expect.stringMatching(new RegExp(`^NOT VALID: .*${message.source}`)) as unknown,
});
const couldNotCheck = (message: RegExp): object => ({
  code: 2,
  out: '',
  err: expect.stringMatching(new RegExp(`^COULD NOT CHECK: .*${message.source}`)) as unknown,
});
const valid = (...said: string[]): object => ({
  code: 0,
  err: '',
  out: expect.stringMatching(new RegExp(said.map(escaped).join('[^]*'))) as unknown,
});
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

describe('a state', () => {
  let auditor: Auditor;
  beforeEach(async () => (auditor = await Auditor.atWork()));
  afterEach(() => auditor.leave());
  const check = (exported: readonly string[], state = 'state.json'): Promise<Verdict> =>
    auditor.verify({ exported, keys }, state);

  it('lets the next export begin where the last one ended', async () => {
    for (const [from, to] of [
      [0, 0],
      [0, 7],
      [7, 8],
      [8, 24],
      [24, 24],
      [24, 40],
    ] as const)
      expect(await check(trail.export({ from, to }))).toEqual(
        valid(
          `leaves ${from} to ${to} (exclusive)`,
          'the next export may begin where this one ends: ',
          `${to === 0 ? 'no after_leaf' : `?after_leaf=${to - 1}`}\n`,
        ),
      );
  });

  it('finds a change behind it, and one before it when that is exported again', async () => {
    await check(trail.export({ to: 10 }));
    const kept = await auditor.read('state.json');
    expect(await check(rewritten.export({ from: 10, keys: [key] }))).toMatchObject({ code: 0 });
    await auditor.keep('state.json', kept);
    await check(trail.export({ to: 20 }));
    expect(await check(rewritten.export({ to: 40 }))).toEqual(
      notValid(/the log was rewritten: one of leaves 10 to 19 is not what it was by the state, of 20 leaves/),
    );
    // What is not valid changes nothing.
    expect(await check(trail.export({ from: 20 }))).toMatchObject({ code: 0 });
  });

  it('is continued by an export that overlaps, if that begins where one ended', async () => {
    await check(trail.export({ to: 10 }));
    await check(trail.export({ from: 10, to: 20 }));
    expect(await check(trail.export({ from: 10, to: 30 }))).toMatchObject({ code: 0 });
    expect(await check(trail.export({ from: 0, to: 30 }))).toMatchObject({ code: 0 });
    const { code, err } = await check(rewritten.export({ from: 10, to: 35 }));
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('one of leaves 10 to 19 is not what it was by the state'),
    ]);
    expect(await check(trail.export({ from: 13, to: 35 }))).toEqual(
      couldNotCheck(/begins at leaf 13, where no earlier one ended: export with \?after_leaf=29/),
    );
  });

  it('finds what is missing between it and the export', async () => {
    await check(trail.export({ to: 10 }));
    expect(await check(trail.export({ from: 12 }))).toEqual(
      notValid(/leaves 10 to 11 are missing between the state and the export: export with \?after_leaf=9/),
    );
  });

  it('finds that the log was rolled back', async () => {
    await check(trail.export({ to: 20 }));
    expect(await check(trail.export({ to: 19 }))).toEqual(
      notValid(/the log was rolled back: the export ends at leaf 19, and the state has 20 leaves/),
    );
    expect(await check(forked.export({ to: 20, keys: [key] }))).toMatchObject({ code: 0 });
  });

  it('finds another log of the same size', async () => {
    await check(trail.export({ to: 20 }));
    expect(await check(rewritten.export({ to: 20 }))).toEqual(
      notValid(/the log was rewritten: it signed two different states with 20 leaves/),
    );
    expect(await check(rewritten.export({ from: 20, to: 20 }))).toEqual(
      notValid(/two different states with 20 leaves/),
    );
  });

  it('is needed by an export that begins later', async () => {
    const message = /the export begins at leaf 10: give the --state of an export that ended there/;
    expect(await check(trail.export({ from: 10 }))).toEqual(couldNotCheck(message));
    expect(await verify({ exported: trail.export({ from: 10 }), keys })).toEqual(couldNotCheck(message));
  });

  it('of another log is not continued', async () => {
    await check(trail.export({ to: 10 }));
    await auditor.keep('state.json', (await auditor.read('state.json')).replace(LOG, 'bff.example/globex'));
    expect(await check(trail.export())).toEqual(
      notValid(/of the log "bff.example\/acme", and the state of "bff.example\/globex"/),
    );
  });

  it.each<[string, (state: string) => string]>([
    ['cut off', (state) => state.slice(0, -20)],
    ['something else', () => '{"size":7}'],
    [
      'an edge that is not that of its checkpoint',
      (state) => state.replace(/("edge": \[\s*")..../, '$1AAAA'),
    ],
    ['an edge that is too short', (state) => state.replace(/"edge": \[[^\]]*\]/, '"edge": []')],
  ])('that is damaged is said: %s', async (_what, damage) => {
    await check(trail.export({ to: 10 }));
    await auditor.keep('state.json', damage(await auditor.read('state.json')));
    expect(await check(trail.export())).toEqual(
      couldNotCheck(/is no state that this program wrote, or it is damaged/),
    );
  });

  it('that can not be written is said', async () => {
    expect(await check(trail.export(), 'nowhere/state.json')).toEqual(
      couldNotCheck(/the export is valid, and the state can't be written/),
    );
  });

  it('keeps the signed checkpoint, which is evidence', async () => {
    await check(trail.export({ to: 10 }));
    const { ends } = JSON.parse(await auditor.read('state.json')) as { ends: { checkpoint: string }[] };
    expect(ends.map(({ checkpoint }) => checkpoint)).toEqual([trail.checkpoint(10)]);
    // It is a checkpoint kept outside for whoever wants one.
    const checkpoints = await auditor.read('state.json');
    expect(await verify({ exported: rewritten.export(), keys, checkpoints })).toMatchObject({ code: 0 });
    expect(await verify({ exported: otherFrom(3, 4).export(), keys, checkpoints })).toMatchObject({
      code: 1,
    });
  });

  it('stays small, and verifies from what retention leaves', async () => {
    const months = new SyntheticTrail();
    const october = Date.UTC(2026, 9, 1);
    for (let n = 0; n < 70; n += 1) months.add(october + (n < 60 ? n : n + 60 * 24 * 40) * MINUTE);
    const of = [months.key.vkey];
    const ends = Array.from({ length: 59 }, (_, n) => ({
      checkpoint: months.checkpoint(59 - n),
      edge: rangeHashes(0, 59 - n, months.leaves).map((hash) => hash.toString('base64')),
    }));
    await auditor.keep('s', JSON.stringify({ origin: LOG, ends, witnessed_checkpoint: null }));
    const dropped = months.export({ from: 59, pruned: [[59, 60]] });
    expect(await auditor.verify({ exported: dropped, keys: of }, 's')).toEqual(
      valid('1 leaves without their events'),
    );
    expect((JSON.parse(await auditor.read('s')) as { ends: object[] }).ends).toHaveLength(51);
  });
});

describe('checkpoints kept outside', () => {
  const kept = (checkpoints: string, exported = trail.export(), vkeys = keys): Promise<Verdict> =>
    verify({ exported, keys: vkeys, checkpoints });
  const two = trail.checkpoint(10) + trail.checkpoint(25);

  it.each<[string, string]>([
    ['one after the other', two],
    ['in a mail', `Dear auditor,\r\n\r\n> ${two.replaceAll('\n', '\r\n> ')}\r\n\r\n-- \r\nYours`],
    [
      'in the lines of a log',
      [10, 25]
        .map(
          (n) =>
            `${JSON.stringify({ level: 'info', msg: 'checkpoint', log: 'acme', checkpoint: trail.checkpoint(n), time: 7 })}\n`,
        )
        .join(''),
    ],
    [
      'in lines of a log that escape more',
      [10, 25]
        .map((n) => `${JSON.stringify({ c: trail.checkpoint(n) }).replaceAll('—', '\\u2014')}\n`)
        .join(''),
    ],
    [
      'in proofs',
      [10, 25].map((n) => writeProof(3, trail.leaves.slice(0, n), trail.checkpoint(n))).join('\n'),
    ],
    ['without an end', two.trimEnd()],
    [
      'among those of others',
      `${checkpointOf('bff.example/globex', forked.leaves, [noteKey('bff.example/globex')])}\n${two}${LOG}\n7\n\n`,
    ],
  ])('are found %s', async (_how, text) => {
    expect(await kept(text)).toEqual(valid('2 checkpoints kept outside: all agree'));
    expect(await kept(text, rewritten.export())).toEqual(
      notValid(
        /the log was rewritten: one of leaves 10 to 24 is not what it was by a checkpoint kept outside/,
      ),
    );
    expect(await kept(text, trail.export({ to: 24 }))).toEqual(
      notValid(
        /the log was rolled back: the export ends at leaf 24, and a checkpoint kept outside .* has 25 leaves/,
      ),
    );
  });

  it('tell a change after the signature from a rewritten log', async () => {
    const changed = trail.export().map((line) => line.replace('user-3"', 'user-4"'));
    expect(await kept(two, changed)).toEqual(
      notValid(/the events are not those of the checkpoint of the export: one of leaves 0 to 9 was changed/),
    );
  });

  it('without a trusted signature do not count', async () => {
    const forger = noteKey(LOG);
    const lies = forked.checkpoint(30, [forger]);
    expect(await kept(two + lies)).toEqual(
      valid(
        '2 checkpoints kept outside: all agree',
        '1 checkpoints without a trusted signature were not looked at',
      ),
    );
    expect(await kept(lies)).toEqual(
      couldNotCheck(
        /holds no checkpoint of the log "bff.example\/acme" with a trusted signature, and 1 without one/,
      ),
    );
    expect(await kept('nothing')).toEqual(couldNotCheck(/holds no checkpoint/));
    // A key that leaked: what it signs beyond its end is the thief's.
    const leaked = forked.checkpoint(35, [forger]);
    expect(await kept(two + leaked, trail.export(), [key.vkey, `${forger.vkey} until 30`])).toMatchObject({
      code: 0,
    });
    expect(await kept(two + leaked, trail.export(), [key.vkey, forger.vkey])).toMatchObject({ code: 1 });
  });

  it('prove that the log showed two faces', async () => {
    expect(await kept(trail.checkpoint(30) + forked.checkpoint(30))).toEqual(
      notValid(/it signed two different states with 30 leaves/),
    );
  });

  it('within a range that was pruned can not be compared, and that is said', async () => {
    const october = Date.UTC(2026, 9, 1);
    const months = new SyntheticTrail();
    for (let n = 0; n < 12; n += 1) months.add(october - 100 * MINUTE + n * MINUTE);
    for (let n = 0; n < 8; n += 1) months.add(october + n * MINUTE);
    const exported = months.export({ pruned: [[0, 12]] });
    const checkpoints = [5, 8, 12, 15].map((n) => months.checkpoint(n)).join('');
    expect(await kept(checkpoints, exported, [months.key.vkey])).toEqual(
      valid(
        '4 checkpoints kept outside: none disagrees',
        '1 of them could not be compared: what they end at was pruned',
      ),
    );
  });
});

describe('witnesses', () => {
  const by = (size: number, witnesses: readonly Witness[], at?: number): string =>
    trail.checkpoint(size, [key, ...witnesses], at);
  const check = (header: object, more: object = {}): Promise<Verdict> =>
    verify({ exported: trail.export({ header }), keys, witnesses: [first.vkey, second.vkey], ...more });

  it('have to have cosigned, all of them unless --quorum says otherwise', async () => {
    expect(await check({})).toEqual(notValid(/0 of 2 witnesses cosigned, and 2 have to/));
    expect(await check({ checkpoint: by(40, [first]) })).toEqual(
      notValid(/1 of 2 witnesses cosigned, and 2 have to/),
    );
    expect(await check({ checkpoint: by(40, [first]) }, { quorum: 1 })).toMatchObject({ code: 0 });
    expect(await check({ checkpoint: by(40, [first, third, second], 1_780_000_000_000) })).toEqual(
      valid('witnessed up to leaf 40 (exclusive), by 2 of 2 witnesses, on 2026-05-28T20:26:40.000Z\n'),
    );
  });

  it('count once each, and up to what they cosigned', async () => {
    expect(
      await check({ checkpoint: by(40, [first]), witnessed_checkpoint: by(30, [first, first]) }),
    ).toMatchObject({ code: 1 });
    expect(
      await check({ checkpoint: by(40, [first]), witnessed_checkpoint: by(30, [second, first]) }),
    ).toEqual(
      valid('witnessed up to leaf 30 (exclusive), by 2 of 2 witnesses', 'what follows is not witnessed yet'),
    );
    const checkpoints = by(20, [second]) + by(25, [second]);
    expect(await check({ checkpoint: by(40, [first]) }, { checkpoints })).toEqual(
      valid('witnessed up to leaf 25 (exclusive)'),
    );
  });

  it('find a log that was rewritten with its key', async () => {
    const header = { witnessed_checkpoint: by(30, [first, second]) };
    const exported = rewritten.export({ header });
    expect(await verify({ exported, keys, witnesses: [first.vkey, second.vkey] })).toEqual(
      notValid(/the log was rewritten: one of leaves 0 to 29 is not what it was by the witnessed checkpoint/),
    );
    // Their cosignature does not fit another checkpoint.
    const [, line = ''] =
      by(40, [first])
        .split(`\n\n`)[1]
        ?.split(/(?<=\n)/) ?? [];
    const moved = rewritten.checkpoint() + line;
    expect(
      await verify({
        exported: rewritten.export({ header: { checkpoint: moved } }),
        keys,
        witnesses: [first.vkey],
      }),
    ).toEqual(
      notValid(/the cosignature of "witness.example\/w1\+.*" on the checkpoint of the export is false/),
    );
  });

  it('of another log, or ahead of the export', async () => {
    const globex = noteKey('bff.example/globex');
    const other = checkpointOf('bff.example/globex', trail.leaves, [globex, first]);
    expect(await check({ witnessed_checkpoint: other }, { keys: [key.vkey, globex.vkey] })).toEqual(
      notValid(/is of another log/),
    );
    const exported = trail.export({ to: 20, header: { witnessed_checkpoint: by(30, [first, second]) } });
    expect(await verify({ exported, keys, witnesses: [first.vkey, second.vkey] })).toEqual(
      notValid(/rolled back/),
    );
  });

  it('are remembered by the state: a minute without a cosignature is no fault', async () => {
    const auditor = await Auditor.atWork();
    const evidence = { keys, witnesses: [first.vkey] };
    const begin = trail.export({
      to: 20,
      header: { checkpoint: trail.checkpoint(20), witnessed_checkpoint: by(15, [first]) },
    });
    expect(await auditor.verify({ ...evidence, exported: begin }, 's')).toMatchObject({ code: 0 });
    const next = trail.export({ from: 20, to: 30, header: { witnessed_checkpoint: by(15, [first]) } });
    expect(await auditor.verify({ ...evidence, exported: next }, 's')).toEqual(
      valid('witnessed up to leaf 15 (exclusive)'),
    );
    const apart = trail.export({ from: 30, header: { witnessed_checkpoint: by(17, [first]) } });
    const strict = { ...evidence, witnesses: [second.vkey] };
    expect(await auditor.verify({ ...strict, exported: apart }, 's')).toEqual(
      notValid(/0 of 1 witnesses cosigned/),
    );
    await auditor.leave();
  });

  it('vouch for a proof, too', async () => {
    const exported = JSON.stringify({ ...(JSON.parse(trail.texts[3] ?? '') as object), leaf_index: 3 });
    const witnesses = [first.vkey];
    expect(
      await verify({ exported, proof: writeProof(3, trail.leaves, by(40, [first])), keys, witnesses }),
    ).toEqual(valid('cosigned by 1 of 1 witnesses'));
    expect(
      await verify({ exported, proof: writeProof(3, trail.leaves, by(40, [])), keys, witnesses }),
    ).toEqual(notValid(/0 of 1 witnesses cosigned/));
  });
});

describe('events that came in late', () => {
  it('are those that are older than what was in the log before them', async () => {
    const late = new SyntheticTrail(5)
      .add(Date.UTC(2026, 0, 3))
      .add()
      .add(Date.UTC(2026, 9, 5, 7, 52));
    const { code, out } = await verify({ exported: late.export(), keys: [late.key.vkey] });
    expect(code).toBe(0);
    expect(out).toMatch(
      /SUSPICIOUS: 1 events are older .* by more than 15 minutes: leaf 5 of 2026-01-03T00:00:00.000Z \(".*"\)\n/,
    );
  });

  it('or than a cosignature of what was there before', async () => {
    // Leaf 7 on has to be of after nine o'clock.
    const nine = Date.UTC(2026, 9, 5, 9);
    const header = { witnessed_checkpoint: trail.checkpoint(7, [key, first], nine) };
    const { out } = await verify({ exported: trail.export({ header }), keys, witnesses: [first.vkey] });
    expect(out).toMatch(
      /SUSPICIOUS: 33 events are older .*: leaf 7 of 2026-10-05T08:07:00.000Z \(".*"\), .*leaf 11 of .*, …\n/,
    );
    const soon = { witnessed_checkpoint: trail.checkpoint(7, [key, first], Date.UTC(2026, 9, 5, 8, 20)) };
    expect(
      (await verify({ exported: trail.export({ header: soon }), keys, witnesses: [first.vkey] })).out,
    ).not.toContain('SUSPICIOUS');
  });
});

describe('a log that was restarted under a new name', () => {
  const NEW = 'bff.example:2/acme';
  const after = noteKey(NEW);
  /** A backup with 20 leaves was brought back; 20 others followed. */
  const restarted = otherFrom(20, 40);
  const exported = (() => {
    const checkpoint = checkpointOf(NEW, restarted.leaves, [after]);
    return restarted.export({ header: { origin: NEW, checkpoint } });
  })();
  const old = trail.checkpoint(10) + trail.checkpoint(20) + trail.checkpoint(33);

  it('is the old one, up to where it was continued; the auditor says so, and is told what is lost', async () => {
    const vkeys = [after.vkey, `${key.vkey} continued at 20`];
    expect(await verify({ exported, keys: vkeys, checkpoints: old })).toEqual(
      valid(
        '3 checkpoints kept outside: none disagrees',
        'LOST: the log went on under its earlier name "bff.example/acme" to 33 leaves at least; this one took over 20 of them',
      ),
    );
  });

  it('a second time is told apart: what is lost of each earlier name', async () => {
    const THIRD = 'bff.example:3/acme';
    const third = noteKey(THIRD);
    const again = otherFrom(15, 40);
    const checkpoint = checkpointOf(THIRD, again.leaves, [third]);
    const vkeys = [third.vkey, `${after.vkey} continued at 15`, `${key.vkey} continued at 15`];
    const kept = old + checkpointOf(NEW, restarted.leaves, [after]);
    const header = { origin: THIRD, checkpoint };
    const { code, out } = await verify({
      exported: again.export({ header }),
      keys: vkeys,
      checkpoints: kept,
    });
    expect(code).toBe(0);
    for (const [name, size] of [
      ['bff.example/acme', 33],
      [NEW, 40],
    ])
      expect(out).toContain(
        `LOST: the log went on under its earlier name "${name}" to ${size} leaves at least; this one took over 15 of them`,
      );
  });

  it('is found to be another one before that', async () => {
    const vkeys = [after.vkey, `${key.vkey} continued at 33`];
    expect(await verify({ exported, keys: vkeys, checkpoints: old })).toEqual(
      notValid(
        /the log was rewritten: one of leaves 20 to 32 is not what it was by a checkpoint kept outside/,
      ),
    );
  });

  it('is not taken for the old one unasked', async () => {
    expect(await verify({ exported, keys: [key.vkey] })).toEqual(
      notValid(/has no signature of a trusted key of that log/),
    );
    expect(await verify({ exported, keys: [after.vkey, key.vkey], checkpoints: old })).toEqual(
      couldNotCheck(/holds no checkpoint/),
    );
    const auditor = await Auditor.atWork();
    await auditor.verify({ exported: trail.export(), keys }, 's');
    expect(await auditor.verify({ exported, keys: [after.vkey, key.vkey] }, 's')).toEqual(
      notValid(/and the state of "bff.example\/acme"/),
    );
    // The old state is a file of old checkpoints.
    const checkpoints = await readFile(auditor.path('s'), 'utf8');
    expect(
      await auditor.verify(
        { exported, keys: [after.vkey, `${key.vkey} continued at 20`], checkpoints },
        's2',
      ),
    ).toEqual(valid('LOST: '));
    await auditor.leave();
  });
});
