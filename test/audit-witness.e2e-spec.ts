import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import {
  checkpointOf,
  consistencyProof,
  leafHash,
  noteKey,
  openNote,
  treeHash,
} from './support/second-log.js';
import {
  type Answered,
  runWitness,
  stopWitnesses,
  WitnessFolder,
  type WitnessProcess,
} from './support/witness-process.js';

const LOG = 'bff.example/acme';
const NAME = 'witness.example/w1';
const key = noteKey(LOG);
const leaves = Array.from({ length: 40 }, (_, n) => leafHash(`leaf ${n}`));
const forked = leaves.with(2, leafHash('another'));

let folder: WitnessFolder;
let witness: WitnessProcess;
beforeEach(async () => {
  folder = await WitnessFolder.make([`# logs`, key.vkey]);
  witness = await folder.start(NAME);
});
afterEach(async () => {
  await stopWitnesses();
  await folder.remove();
});

/** A request to go from one size to another. */
function requestOf(
  old: number,
  size: number,
  of: readonly Buffer[] = leaves,
  note = checkpointOf(LOG, of.slice(0, size), [key]),
): string {
  const proof = old > size ? [] : consistencyProof(old, of.slice(0, size));
  return `old ${old}\n${proof.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${note}`;
}

const add = (...request: Parameters<typeof requestOf>): Promise<Answered> =>
  witness.post(requestOf(...request));
const PLAIN = 'text/plain; charset=utf-8';
const isAt = (size: number): Answered => ({ status: 409, type: 'text/x.tlog.size', text: `${size}\n` });
const refused = (status: number, text: RegExp): object => ({
  status,
  type: PLAIN,
  text: expect.stringMatching(text) as unknown,
});

it('cosigns what continues a log, and remembers it before it answers', async () => {
  let old = 0;
  for (const size of [1, 2, 3, 4, 7, 8, 8, 13, 32, 33, 40]) {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { status, type, text } = await add(old, size);
    expect([status, type]).toEqual([200, PLAIN]);
    const note = checkpointOf(LOG, leaves.slice(0, size), [key]);
    const { by, times } = openNote(note + text, [witness.vkey]);
    expect(by).toEqual([witness.vkey]);
    expect(times[witness.vkey]).toBeGreaterThanOrEqual(before);
    expect(times[witness.vkey]).toBeLessThanOrEqual(Date.now());
    expect(await folder.state()).toEqual({
      [LOG]: { size, root: treeHash(leaves.slice(0, size)).toString('base64') },
    });
    old = size;
  }
});

it('has a key of its own type under its name, readable by itself only, and keeps it', async () => {
  expect(witness.vkey).toMatch(/^witness\.example\/w1\+[0-9a-f]{8}\+B[A-Za-z0-9+/]{43}$/);
  expect(await folder.mode('witness.key')).toBe('600');
  expect(await folder.mode('state.json')).toBe('600');
  const { vkey } = witness;
  await witness.stop();
  witness = await folder.start(NAME);
  expect(witness.vkey).toBe(vkey);
});

it('begins with a log at any size, the empty one included', async () => {
  expect(await add(0, 0)).toMatchObject({ status: 200 });
  expect(await add(0, 5)).toMatchObject({ status: 200 });
  const empty = `${LOG}\n0\n${leafHash('x').toString('base64')}\n`;
  await folder.know([key.vkey, noteKey('bff.example/globex').vkey]);
  expect(await add(5, 5)).toMatchObject({ status: 200 });
  expect(await add(0, 0, leaves, `${empty}\n${key.sign(empty)}`)).toEqual(isAt(5));
});

it('says where a log is to whoever does not know: 409', async () => {
  await add(0, 7);
  expect(await add(0, 7)).toEqual(isAt(7));
  expect(await add(0, 20)).toEqual(isAt(7));
  expect(await add(6, 20)).toEqual(isAt(7));
  expect(await add(8, 20)).toEqual(isAt(7));
});

it('never cosigns another history: 422', async () => {
  await add(0, 7);
  const unproven = refused(422, /not proven/);
  expect(await add(7, 7, forked)).toEqual(refused(422, /another root/));
  expect(await add(7, 20, forked)).toEqual(unproven);
  const [line, ...others] = requestOf(7, 20).split('\n');
  expect(await witness.post([line, ...others.slice(1)].join('\n'))).toEqual(unproven);
  expect(await witness.post([line, others[0], ...others].join('\n'))).toEqual(unproven);
  expect(await witness.post([line, leafHash('x').toString('base64'), ...others.slice(1)].join('\n'))).toEqual(
    unproven,
  );
  // Neither where nothing is to be proven.
  const hash = leafHash('x').toString('base64');
  expect(await witness.post(requestOf(7, 7).replace('old 7\n', `old 7\n${hash}\n`))).toEqual(
    refused(422, /nothing to prove/),
  );
  expect(await add(7, 20)).toMatchObject({ status: 200 });
});

it('proves nothing from an empty log: 422', async () => {
  const hash = leafHash('x').toString('base64');
  expect(await witness.post(requestOf(0, 7).replace('old 0\n', `old 0\n${hash}\n`))).toEqual(
    refused(422, /nothing to prove/),
  );
});

it('does not know other logs: 404', async () => {
  const globex = noteKey('bff.example/globex');
  const note = checkpointOf('bff.example/globex', leaves, [globex]);
  expect(await add(0, 40, leaves, note)).toEqual(refused(404, /not known here/));
  // Until its key is in the file.
  await folder.know([key.vkey, globex.vkey]);
  expect(await add(0, 40, leaves, note)).toMatchObject({ status: 200 });
  // A file that can't be read changes nothing.
  await folder.know(['what?']);
  expect(await add(40, 40, leaves, note)).toMatchObject({ status: 200 });
});

it('wants the signature of a trusted key: 403', async () => {
  const stranger = noteKey(LOG);
  expect(await add(0, 7, leaves, checkpointOf(LOG, leaves.slice(0, 7), [stranger]))).toEqual(
    refused(403, /No trusted key/),
  );
  const text = checkpointOf(LOG, leaves.slice(0, 7), []).trimEnd();
  expect(await add(0, 7, leaves, `${text}\n\n${key.sign('something else\n')}`)).toEqual(
    refused(403, /is false/),
  );
  // Strangers beside it do not matter.
  expect(
    await add(0, 7, leaves, checkpointOf(LOG, leaves.slice(0, 7), [stranger, key, noteKey('x', 4)])),
  ).toMatchObject({ status: 200 });
  await folder.know([`${key.vkey} until 9`]);
  expect(await add(7, 9)).toMatchObject({ status: 200 });
  expect(await add(9, 10)).toEqual(refused(403, /No trusted key/));
});

it.each<[string, (request: string) => string | Buffer]>([
  ['nothing', () => ''],
  ['no old size', (request) => request.replace('old 0', 'size 0')],
  ['a size with a leading zero', (request) => request.replace('old 0', 'old 00')],
  ['a size below zero', (request) => request.replace('old 0', 'old -1')],
  ['a size beyond all numbers', (request) => request.replace('\n7\n', `\n${'9'.repeat(30)}\n`)],
  ['an old size that is larger', (request) => request.replace('old 0', 'old 8')],
  ['no empty line', (request) => request.replace('\n\n', '\n')],
  ['a hash of another length', (request) => request.replace('old 0\n', 'old 0\nAAAA\n')],
  [
    'more hashes than a proof has',
    (request) => request.replace('old 0\n', `old 0\n${`${leafHash('x').toString('base64')}\n`.repeat(64)}`),
  ],
  ['no root', (request) => request.replace(/\n[A-Za-z0-9+/]{43}=\n/, '\n')],
  ['no signature', (request) => request.slice(0, request.indexOf('—'))],
  ['no end', (request) => request.slice(0, -1)],
  ['a control character', (request) => request.replace('acme', 'ac\u0007me')],
  ['bytes that are not UTF-8', (request) => Buffer.concat([Buffer.from(request), Buffer.of(0xff)])],
])('refuses %s: 400', async (_what, change) => {
  expect(await witness.post(change(requestOf(0, 7)))).toMatchObject({ status: 400, type: PLAIN });
  expect(await folder.state()).toEqual({});
});

it('takes extension lines of a log that has them', async () => {
  const text = `${LOG}\n7\n${treeHash(leaves.slice(0, 7)).toString('base64')}\nextended\n`;
  const { status, text: line } = await add(0, 7, leaves, `${text}\n${key.sign(text)}`);
  expect(status).toBe(200);
  expect(openNote(`${text}\n${line}`, [witness.vkey]).text).toBe(text);
});

it('reads no more than a request can be: 413', async () => {
  expect(await witness.post('x'.repeat(100_000))).toMatchObject({ status: 413 });
  expect(await add(0, 7)).toMatchObject({ status: 200 });
});

it('has one route', async () => {
  expect(await witness.send('GET', '/')).toMatchObject({ status: 404 });
  expect(await witness.send('GET', '/add-checkpoint')).toMatchObject({ status: 405 });
  expect(await witness.post(requestOf(0, 7), '/add-checkpoint?x=1')).toMatchObject({ status: 200 });
});

it('lets only one of many requests for one log through', async () => {
  await add(0, 1);
  const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => add(1, n + 2)));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409)).toHaveLength(29);
});

it('remembers many logs that come at once, whatever becomes of it', async () => {
  const logs = Array.from({ length: 50 }, (_, n) => noteKey(`bff.example/t${n}`));
  await folder.know(logs.map(({ vkey }) => vkey));
  await Promise.all(logs.map((log) => add(0, 7, leaves, checkpointOf(log.name, leaves.slice(0, 7), [log]))));
  await witness.stop('SIGKILL');
  witness = await folder.start(NAME);
  for (const log of logs) {
    const note = checkpointOf(log.name, forked.slice(0, 9), [log]);
    expect(await add(0, 9, forked, note)).toEqual(isAt(7));
    expect(await add(7, 9, forked, note)).toMatchObject({ status: 422 });
  }
});

it('answers what it has begun when it is told to stop, and exits 0', async () => {
  const { port } = new URL(witness.url);
  const socket = connect(Number(port), '127.0.0.1');
  await new Promise((connected) => socket.once('connect', connected));
  const body = requestOf(0, 7);
  socket.write(
    `POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body.slice(0, 9)}`,
  );
  // Another request that is answered shows that the first one has arrived.
  await add(0, 0);
  witness.signal('SIGTERM');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const closed = new Promise((end) => socket.once('close', end));
  socket.write(body.slice(9));
  expect(await witness.ended).toBe(0);
  await closed;
  expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
});

it('does not sign what it can not remember', async () => {
  await add(0, 7);
  // Somebody else writes to the same file.
  await writeFile(folder.file('state.json'), '{}');
  expect(await add(7, 9)).toEqual(refused(500, /could not be stored/));
  expect(await add(7, 9)).toEqual(refused(500, /could not be stored/));
});

it.each<[string, () => Promise<string[]>, RegExp]>([
  [
    'no name',
    () => Promise.resolve(['--keys', folder.file('vkeys.txt'), '--state', folder.file('s')]),
    /--name, --keys and --state are needed/,
  ],
  [
    'a name with a plus',
    () => Promise.resolve(['--name', 'a+b', '--keys', 'k', '--state', 's']),
    /--name has a space or a plus/,
  ],
  [
    'no keys',
    () => Promise.resolve(['--name', 'w', '--keys', folder.file('nowhere'), '--state', folder.file('s')]),
    /ENOENT/,
  ],
  [
    'a damaged state, which must not be forgotten',
    async () => {
      await writeFile(folder.file('damaged'), '{"bff.example/acme":{"size":7}}');
      return ['--name', 'w', '--keys', folder.file('vkeys.txt'), '--state', folder.file('damaged')];
    },
    /is no state of a witness, or it is damaged/,
  ],
  [
    'a key of another kind',
    async () => {
      await writeFile(folder.file('pem'), '-----BEGIN PRIVATE KEY-----');
      return [
        '--name',
        'w',
        '--keys',
        folder.file('vkeys.txt'),
        '--state',
        folder.file('s'),
        '--key',
        folder.file('pem'),
      ];
    },
    /is no Ed25519 seed/,
  ],
])('does not start with %s', async (_what, args, message) => {
  expect(await runWitness(await args())).toEqual({
    code: 2,
    out: '',
    err: expect.stringMatching(message) as unknown,
  });
});

it('--help is no fault', async () => {
  expect(await runWitness(['--help'])).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(/^Usage/) as unknown,
  });
});
