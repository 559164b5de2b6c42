import { createHmac } from 'node:crypto';
import canonicalize from 'canonicalize';
import { Auditor, runVerifier, runVerifierProcess, type Verdict, verify } from './support/auditor.js';
import { REAL } from './support/published-notes.js';
import { noteKey, writeProof } from './support/second-log.js';
import { LOG, SyntheticTrail } from './support/synthetic-trail.js';

const trail = new SyntheticTrail(7);
const { key } = trail;
const keys = [key.vkey];
const lines = trail.export();
const other = noteKey('bff.example/globex');

const edit = (at: number, change: (line: string) => string): string[] =>
  lines.map((line, index) => (index === at ? change(line) : line));
const header = (members: object): string[] => trail.export({ header: members });
const notValid = (message: RegExp): object => ({
  code: 1,
  out: '',
  err: expect.stringMatching(new RegExp(`^NOT VALID: .*${message.source}`, message.flags)) as unknown,
});
const couldNotCheck = (message: RegExp): object => ({
  code: 2,
  out: '',
  err: expect.stringMatching(new RegExp(`^COULD NOT CHECK: .*${message.source}`)) as unknown,
});

it('says what is valid, and what that is worth', async () => {
  expect(await verify({ exported: lines, keys })).toEqual({
    code: 0,
    err: '',
    out: [
      `valid: the log "${LOG}", 7 events, leaves 0 to 7 (exclusive)`,
      `  the checkpoint is signed by ${key.vkey.slice(0, LOG.length + 9)}`,
      '  nothing that was kept outside and no witness was given: whoever has the signing key could have rewritten all of it, and anybody could have rolled it back to an earlier state',
      '',
    ].join('\n'),
  });
});

it.each([0, 1, 2, 3, 4, 8, 255, 256, 257])('a log of %i leaves', async (size) => {
  const exported = new SyntheticTrail(size);
  expect(await verify({ exported: exported.export(), keys: [exported.key.vkey] })).toMatchObject({ code: 0 });
});

it('takes an event whose leaf index stands in its canonical place', async () => {
  const sorted = lines.map((line) =>
    line.startsWith('{"actor') ? (canonicalize(JSON.parse(line)) ?? '') : line,
  );
  expect(await verify({ exported: sorted, keys })).toMatchObject({ code: 0 });
});

describe('events', () => {
  it.each<[string, () => string[], RegExp]>([
    [
      'another actor',
      () => edit(3, (line) => line.replace('user-2', 'user-9')),
      /one of leaves 0 to 6 was changed/,
    ],
    ['an event less', () => lines.toSpliced(4, 1), /leaf 3 is missing: line 5 is leaf 4/],
    ['the last event less', () => lines.toSpliced(7, 1), /line 8 counts "7" events, and there are 6/],
    [
      'the last event less, not counted',
      () => lines.toSpliced(7, 2, '{"end":{"events":6}}'),
      /leaves 6 to 6 are missing at the end/,
    ],
    ['a line twice', () => lines.toSpliced(3, 0, lines[3] ?? ''), /line 5 is leaf 2, which was there before/],
    [
      'two lines in the other order',
      () => lines.toSpliced(2, 2, lines[3] ?? '', lines[2] ?? ''),
      /leaf 1 is missing/,
    ],
    [
      'an event more',
      () => lines.toSpliced(8, 0, (lines[7] ?? '').replace('":6}', '":7}')),
      /does not cover/,
    ],
    ['no end', () => lines.slice(0, -1), /cut off/],
    ['something behind the end', () => [...lines, lines[3] ?? ''], /line 10 comes after the end/],
    ['nothing', () => [], /the export is empty/],
    ['an empty line', () => lines.toSpliced(3, 0, ''), /line 4 is no JSON object/],
    [
      'a member twice',
      () => edit(1, (line) => line.replace('{', '{"actor":1,')),
      /line 2 is not its own canonical/,
    ],
    ['a space', () => edit(1, (line) => line.replace(':', ': ')), /line 2 is not its own canonical form/],
    [
      'another way to write a letter',
      () => edit(1, (line) => line.replace('Ä', '\\u00c4')),
      /line 2 is not its own/,
    ],
    ['a carriage return', () => edit(2, (line) => `${line}\r`), /line 3 ends in a carriage return/],
    ['a byte order mark', () => edit(0, (line) => `\ufeff${line}`), /line 1 is no JSON object/],
    ...['-1', '"x"', '0.5', '9007199254740993', 'null', '"0"', '{}', '1e400'].map(
      (index): [string, () => string[], RegExp] => [
        `the leaf ${index}`,
        () => edit(1, (line) => line.replace('"leaf_index":0', `"leaf_index":${index}`)),
        /line 2 claims the leaf/,
      ],
    ),
    [
      'another log',
      () => header({ origin: 'bff.example/globex' }),
      /of the log "bff.example\/globex", its checkpoint of/,
    ],
    [
      'fewer leaves than the checkpoint has',
      () => header({ to_leaf: 6 }),
      /ends at leaf 6, and its checkpoint has 7/,
    ],
    ['leaves that can not be', () => header({ from_leaf: 8 }), /names leaves that can not be/],
    ['no checkpoint', () => header({ checkpoint: null }), /no checkpoint yet, so nothing is proven/],
    ['something else for a checkpoint', () => header({ checkpoint: 7 }), /is no checkpoint/],
    [
      'a member of the header that nobody reads',
      () => header({ note: 'checked by us' }),
      /nobody checks: "note"/,
    ],
    [
      'a false signature',
      () => edit(0, (line) => line.replace(/(.{9})(=\\n)/, 'AAAAAAAAA$2')),
      /signature of .* is false/,
    ],
  ])('with %s', async (_what, exported, message) => {
    expect(await verify({ exported: exported(), keys })).toEqual(notValid(message));
  });

  it('cut off within a line', async () => {
    const text = `${lines.join('\n')}\n`;
    for (const length of [20, 500, text.length - 3])
      expect(await verify({ exported: text.slice(0, length), keys })).toMatchObject({ code: 1, out: '' });
    // Its last line is whole.
    expect(await verify({ exported: text.slice(0, -1), keys })).toMatchObject({ code: 0 });
  });
});

describe('keys', () => {
  it('of another log only: an export of another tenant is not what was asked about', async () => {
    expect(await verify({ exported: lines, keys: [other.vkey] })).toEqual(
      notValid(/no signature of a trusted key of that log/),
    );
  });

  it('a key of another log that signs this one', async () => {
    const exported = trail.export({ keys: [other] });
    expect(await verify({ exported, keys: [key.vkey, other.vkey] })).toEqual(
      notValid(/no signature of a trusted key/),
    );
  });

  it('of two that sign, one is enough; a false signature of a known one is not ignored', async () => {
    const second = noteKey(LOG);
    const exported = trail.export({ keys: [key, second] });
    expect(await verify({ exported, keys: [second.vkey] })).toMatchObject({ code: 0 });
    const forged = { ...second, sign: (text: string) => second.sign(`${text} `) };
    const lying = trail.export({ keys: [key, forged] });
    expect(await verify({ exported: lying, keys: [key.vkey] })).toMatchObject({ code: 0 });
    expect(await verify({ exported: lying, keys: [key.vkey, second.vkey] })).toEqual(
      notValid(/signature of .* is false/),
    );
  });

  it('one that ended counts up to the size at which it was taken out', async () => {
    const comment = '# the log of acme';
    expect(
      await verify({ exported: lines, keys: [comment, '', `${key.vkey} until 7 # January`] }),
    ).toMatchObject({ code: 0 });
    const ended = await verify({ exported: lines, keys: [`${key.vkey} until 6`] });
    expect(ended).toEqual(notValid(/which ended at 6 leaves/));
    // Of two lines for one key the stricter counts.
    expect(await verify({ exported: lines, keys: [key.vkey, `${key.vkey} until 6`] })).toMatchObject({
      code: 1,
    });
  });

  it.each<[string, string, RegExp]>([
    ['no vkey', 'acme', /line 1: acme is no vkey/],
    ['another word', `${key.vkey} till 7`, /line 1 is no <vkey>/],
    [
      'a key id of another key',
      key.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'),
      /the key id of .* is not that of its key/,
    ],
    ['the key of a witness', noteKey('witness.example', 4).vkey, /is the key of a witness/],
    ['none', '# nothing', /has no key/],
  ])('%s', async (_what, line, message) => {
    expect(await verify({ exported: lines, keys: [line] })).toEqual(couldNotCheck(message));
  });
});

describe('values in clear', () => {
  const salt = 'AAAAAAAAAAAAAAAAAAAAAA';
  const value = { city: 'Köln', 10: 1, 9: 2 };
  const commitment = createHmac('sha256', Buffer.from(salt, 'base64url'))
    .update(canonicalize(value) ?? '')
    .digest('hex');
  const committed = new SyntheticTrail().add(undefined, {
    changes: [{ field: 'billing_address', after: 'K***', after_commitment: commitment }],
  });
  const showing = (clear: unknown): string[] =>
    committed.export({
      shown: (_leaf, event) => {
        const { changes } = event as { changes: object[] };
        return { ...event, changes: changes.map((change) => ({ ...change, clear })) };
      },
    });

  it('are what the event committed to', async () => {
    const exported = showing({ after: value, after_salt: salt });
    expect(await verify({ exported, keys: [committed.key.vkey] })).toMatchObject({ code: 0, err: '' });
  });

  it.each<[string, unknown]>([
    ['another value', { after: 'Bonn', after_salt: salt }],
    ['another salt', { after: value, after_salt: 'BAAAAAAAAAAAAAAAAAAAAA' }],
    ['another text of the same salt', { after: value, after_salt: 'AAAAAAAAAAAAAAAAAAAAAB' }],
    ['no salt', { after: value }],
    ['a value that nothing commits to', { before: 'Bonn', before_salt: salt }],
    ['a member that nobody reads', { after: value, after_salt: salt, note: 'approved' }],
    ['a salt alone', { after_salt: salt }],
    ['nothing', {}],
    ['a text', 'Bonn'],
    ['null', null],
    ['a list', [value]],
  ])('%s is not', async (_what, clear) => {
    const verdict = await verify({ exported: showing(clear), keys: [committed.key.vkey] });
    expect(verdict).toEqual(notValid(/line 2 shows .* "billing_address"/));
  });

  it('beside a change, not within it, is part of the event', async () => {
    const exported = committed.export({ shown: (_leaf, event) => ({ ...event, clear: { name: 'x' } }) });
    expect(await verify({ exported, keys: [committed.key.vkey] })).toMatchObject({ code: 1 });
  });
});

describe('what retention dropped', () => {
  const DAY = 24 * 60 * 60_000;
  const october = Date.UTC(2026, 9, 1);
  /** Twenty of September, twenty of October; two of September came in after the first of October. */
  const months = new SyntheticTrail();
  for (let n = 0; n < 20; n += 1) months.add(october - DAY * (20 - n));
  months
    .add(october + 1_000)
    .add(october - 2_000)
    .add(october + 2_000)
    .add(october - 1_000);
  for (let n = 0; n < 20; n += 1) months.add(october + DAY * (n + 1) * 1.2);
  const whole = (pruned: [number, number][]): Promise<Verdict> =>
    verify({ exported: months.export({ pruned }), keys: [months.key.vkey] });

  it('is whole months, but for what came in late', async () => {
    const { code, out, err } = await whole([
      [0, 20],
      [21, 22],
      [23, 24],
    ]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(
      '  22 leaves without their events, in 3 ranges, the last 23 to 23: dropped by retention, if the trail need not be kept that long; the oldest event left is of 2026-10-01T00:00:01.000Z',
    );
  });

  it('may be everything', async () => {
    expect(await whole([[0, 44]])).toMatchObject({ code: 0 });
  });

  it.each<[string, [number, number][]]>([
    [
      'an event within a month',
      [
        [0, 20],
        [30, 31],
      ],
    ],
    [
      'the end',
      [
        [0, 20],
        [43, 44],
      ],
    ],
    ['a month behind one that is there', [[24, 44]]],
  ])('is not %s', async (_what, pruned) => {
    expect(await whole(pruned)).toEqual(notValid(/were not dropped by retention, which drops whole months/));
  });

  it.each<[string, (pruned: { from: number; to: number; hashes: unknown }) => object, RegExp]>([
    [
      'a hash less',
      (pruned) => ({ ...pruned, hashes: (pruned.hashes as string[]).slice(1) }),
      /does not have the 2 hashes/,
    ],
    [
      'other hashes',
      (pruned) => ({ ...pruned, hashes: (pruned.hashes as string[]).toReversed() }),
      /was changed/,
    ],
    [
      'hashes of another length',
      (pruned) => ({ ...pruned, hashes: ['AAAA', 'AAAA'] }),
      /does not have the 2 hashes/,
    ],
    ['no list', (pruned) => ({ ...pruned, hashes: 7 }), /prunes leaves that can not be/],
    ['more than there is', (pruned) => ({ ...pruned, to: 1e15 }), /prunes leaves that can not be/],
    ['nothing', (pruned) => ({ ...pruned, to: 0 }), /prunes leaves that can not be/],
    ['a member more', (pruned) => ({ ...pruned, reason: 'age' }), /nobody checks: "reason"/],
  ])('with %s', async (_what, change, message) => {
    const exported = months.export({ pruned: [[0, 20]] }).map((line) => {
      if (!line.startsWith('{"pruned"')) return line;
      const { pruned } = JSON.parse(line) as { pruned: { from: number; to: number; hashes: unknown } };
      return JSON.stringify({ pruned: change(pruned) });
    });
    expect(await verify({ exported, keys: [months.key.vkey] })).toEqual(notValid(message));
  });
});

describe('hostile files', () => {
  const many = 200_000;
  it.each<[string, () => string | Buffer | string[], RegExp]>([
    ['a line without end', () => 'x'.repeat(5_000_000), /line 1 is longer than/],
    [
      'deep nesting',
      () => edit(1, (line) => line.replace('"user"', `${'['.repeat(many)}${']'.repeat(many)}`)),
      /can not be read|canonical/,
    ],
    [
      'deep nesting in the header',
      () => edit(0, () => `{"export":${'['.repeat(many)}${']'.repeat(many)}}`),
      /malformed|line 1/,
    ],
    ['a number without end', () => edit(1, (line) => line.replace('"user"', '9'.repeat(many))), /canonical/],
    [
      'bytes that are not UTF-8',
      () => Buffer.concat([Buffer.from(`${lines[0] ?? ''}\n{"a":"`), Buffer.of(0xff, 0x22, 0x7d)]),
      /line 2 is not UTF-8/,
    ],
    ['zeros', () => Buffer.alloc(100_000), /line 1 is no JSON object/],
    ['no object', () => ['7'], /line 1 is no JSON object/],
    [
      'a prototype',
      () => edit(1, (line) => line.replace('{', '{"__proto__":{"changes":[]},')),
      /line 2|leaves/,
    ],
    [
      'names of the language',
      () => edit(1, (line) => line.replace(/"changes":\[[^]*?\]/, '"changes":{"constructor":1,"length":7}')),
      /was changed/,
    ],
  ])('%s', async (_what, exported, message) => {
    expect(await verify({ exported: exported(), keys })).toEqual(notValid(message));
  });

  it('signatures without number', async () => {
    const checkpoint = trail.checkpoint() + other.sign('x').repeat(100);
    expect(await verify({ exported: header({ checkpoint }), keys })).toEqual(
      notValid(/more than 64 signatures/),
    );
    const sixteen = trail.checkpoint() + other.sign('x').repeat(15);
    expect(await verify({ exported: header({ checkpoint: sixteen }), keys })).toMatchObject({ code: 0 });
  });
});

describe('could not check', () => {
  it.each<[string, string[], RegExp]>([
    ['no file', ['--keys', 'k'], /one file and --keys are needed/],
    ['no keys', ['export.ndjson'], /one file and --keys are needed/],
    ['two files', ['a', 'b', '--keys', 'k'], /one file/],
    ['an unknown option', ['a', '--key', 'k'], /--key/],
    [
      'keys that are not there',
      ['package.json', '--keys', 'nowhere.txt'],
      /nowhere.txt can't be read \(ENOENT\)/,
    ],
    [
      'a quorum of nobody',
      ['a', '--keys', 'k', '--quorum', '1'],
      /--quorum is a number from 1 to that of the witnesses given, 0/,
    ],
    [
      'a witness that is a log',
      ['a', '--keys', 'k', '--witness', key.vkey],
      /--witness: .* is the key of a log/,
    ],
  ])('%s', async (_what, args, message) => {
    expect(await runVerifier(args)).toEqual(couldNotCheck(message));
  });

  it('a folder instead of a file', async () => {
    const auditor = await Auditor.atWork();
    const vkeys = await auditor.keep('vkeys.txt', key.vkey);
    expect(await runVerifier([auditor.path('.'), '--keys', vkeys])).toEqual(
      couldNotCheck(/can't be read \(EISDIR\)/),
    );
    expect(await runVerifier([auditor.path('nowhere'), '--keys', vkeys])).toEqual(
      couldNotCheck(/nowhere can't be read \(ENOENT\)/),
    );
    await auditor.leave();
  });

  it('a filtered export', async () => {
    const exported = ['{"export":{"complete":false}}', ...lines.slice(1)];
    expect(await verify({ exported, keys })).toEqual(couldNotCheck(/the export is filtered/));
  });

  it('--help is no verdict', async () => {
    const { code, out, err } = await runVerifier(['--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^Usage:\n {2}audit-verify <export.ndjson> --keys/);
  });
});

it('says the same, with the same exit status, as a process of its own', async () => {
  const auditor = await Auditor.atWork();
  const vkeys = await auditor.keep('vkeys.txt', `${key.vkey}\n`);
  const good = await auditor.keep('good.ndjson', `${lines.join('\n')}\n`);
  const short = await auditor.keep('short.ndjson', `${lines.slice(0, -1).join('\n')}\n`);
  for (const [code, file] of [good, short, auditor.path('nowhere')].entries()) {
    const args = [file, '--keys', vkeys];
    const verdict = await runVerifierProcess(args);
    expect(verdict).toEqual(await runVerifier(args));
    expect(verdict.code).toBe(code);
  }
  await auditor.leave();
});

describe('one event, with its proof', () => {
  const event = (leaf: number): string =>
    JSON.stringify({ ...(JSON.parse(trail.texts[leaf] ?? '') as object), leaf_index: leaf });
  const prove = (
    leaf: number,
    exported = event(leaf),
    proof = writeProof(leaf, trail.leaves, trail.checkpoint()),
  ): Promise<Verdict> => verify({ exported, proof, keys });

  it('is in the log', async () => {
    for (let leaf = 0; leaf < 7; leaf += 1)
      expect(await prove(leaf)).toEqual({
        code: 0,
        err: '',
        out: expect.stringContaining(`is leaf ${leaf} of the log "${LOG}" with 7 leaves`) as unknown,
      });
  });

  it('is it however the event is set out', async () => {
    const reversed = Object.fromEntries(Object.entries(JSON.parse(event(3)) as object).reverse());
    expect(await prove(3, JSON.stringify(reversed))).toMatchObject({ code: 0 });
    expect(await prove(3, `${JSON.stringify(JSON.parse(event(3)), null, 2)}\n`)).toMatchObject({ code: 0 });
  });

  it.each<[string, () => [string, string?], RegExp]>([
    ['a changed event', () => [event(3).replace('user-3', 'user-4')], /not leaf 3/],
    ['another leaf', () => [event(4)], /the event is leaf "4", and the proof is of 3/],
    ['a member twice', () => [event(3).replace('{', '{"actor":1,')], /is no event/],
    [
      'a path that is too short',
      () => [event(3), writeProof(3, trail.leaves, trail.checkpoint()).replace(/\n[^\n]{44}\n/, '\n')],
      /not leaf 3/,
    ],
    ['no proof', () => [event(3), 'nothing'], /is no proof/],
    ['another checkpoint', () => [event(3), writeProof(3, trail.leaves, trail.checkpoint(6))], /not leaf 3/],
  ])('%s is not', async (_what, given, message) => {
    const [exported, proof] = given();
    expect(await prove(3, exported, proof)).toEqual(notValid(message));
  });
});

describe('the checkpoint of a real log, with its witnesses', () => {
  const exported = (note: string): string[] => [
    JSON.stringify({
      export: { origin: REAL.origin, from_leaf: 0, to_leaf: 1_432_088_532, checkpoint: note },
    }),
    '{"end":{"events":0}}',
  ];
  const said = (note: string): Promise<unknown> =>
    verify({ exported: exported(note), keys: [REAL.vkey], witnesses: [REAL.witness] });

  it('is opened; its leaves are missing only', async () => {
    expect(await said(REAL.note)).toMatchObject({
      code: 1,
      err: 'NOT VALID: leaves 0 to 1432088531 are missing at the end\n',
    });
  });

  it.each([
    ['signature', 'ui8GwCF1', 'ui8GwCF2', /the signature of "arche2025h1.* is false/],
    ['cosignature', '2net5wAAAABqEiEg', '2net5wAAAABqEiEh', /the cosignature of "remora.* is false/],
    ['root', 'U7WM79', 'U7WM78', /is false/],
  ])('with another %s is not', async (_what, from, to, message) => {
    expect(await said(REAL.note.replace(from, to))).toMatchObject({
      code: 1,
      err: expect.stringMatching(message) as unknown,
    });
  });
});
