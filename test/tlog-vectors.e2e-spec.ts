import {
  checkpointOf,
  consistencyProof,
  inclusionProof,
  leafHash,
  noteKey,
  openNote,
  readCheckpoint,
  readProof,
  readTiles,
  rootByInclusion,
  tilePath,
  treeHash,
  writeProof,
} from './support/second-log.js';
import { EXAMPLE, GO, REAL } from './support/published-notes.js';
import { stopWitnesses, WitnessFolder } from './support/witness-process.js';

afterAll(stopWitnesses);

describe('the second implementation', () => {
  it('opens the example of signed-note', () => {
    expect(openNote(EXAMPLE.note, [EXAMPLE.vkey])).toEqual({
      text: 'This is an example message.\n',
      by: [EXAMPLE.vkey],
      times: {},
    });
    expect(() =>
      openNote(EXAMPLE.note.replace('example message', 'exbmple message'), [EXAMPLE.vkey]),
    ).toThrow('false');
  });

  it('signs as Go does', () => {
    const key = noteKey('PeterNeumann', 1, Buffer.from(GO.seed, 'base64').subarray(1));
    expect([key.vkey, key.sign(GO.text)]).toEqual([GO.vkey, GO.line]);
  });

  it('opens the checkpoint and a cosignature of a real log', () => {
    const { text, by, times } = openNote(REAL.note, [REAL.vkey, REAL.witness]);
    expect(by).toEqual([REAL.vkey, REAL.witness]);
    expect(times).toEqual({ [REAL.witness]: Date.UTC(2026, 4, 23, 21, 50, 24) });
    expect(readCheckpoint(text)).toMatchObject({ origin: REAL.origin, size: 1_432_088_532 });
  });

  it.each([
    ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    ['00', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
    ['10', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
    ['2021', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
    ['3031', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
    ['40414243', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
    ['5051525354555657', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
    ['606162636465666768696a6b6c6d6e6f', '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
  ])('grows the tree of Certificate Transparency’s tests by %p', (leaf, root) => {
    grown.push(leafHash(Buffer.from(leaf, 'hex')));
    expect(treeHash(grown).toString('hex')).toBe(root);
  });
  const grown: Buffer[] = [];

  it('proves as RFC 6962 does in its example', () => {
    const leaves = Array.from({ length: 7 }, (_, n) => leafHash(`d${n}`));
    const [a, b, c, d, e, f, j] = leaves as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
    const [g, h, i] = [treeHash([a, b]), treeHash([c, d]), treeHash([e, f])];
    const [k, l] = [treeHash([a, b, c, d]), treeHash([e, f, j])];
    expect(inclusionProof(0, leaves)).toEqual([b, h, l]);
    expect(inclusionProof(3, leaves)).toEqual([c, g, l]);
    expect(inclusionProof(4, leaves)).toEqual([f, j, k]);
    expect(inclusionProof(6, leaves)).toEqual([i, k]);
    expect(consistencyProof(3, leaves)).toEqual([c, d, g, l]);
    expect(consistencyProof(4, leaves)).toEqual([l]);
    expect(consistencyProof(6, leaves)).toEqual([i, j, k]);
    for (let m = 0; m < 7; m += 1)
      expect(rootByInclusion(leaves[m] as Buffer, m, 7, inclusionProof(m, leaves))).toEqual(treeHash(leaves));
  });

  it('names tiles as tlog-tiles does', () => {
    expect(tilePath(0, 1_234_067)).toBe('0/x001/x234/067');
    expect(tilePath(1, 0, 17)).toBe('1/000.p/17');
  });

  it('reads leaves from tiles, and finds tiles that do not fit', async () => {
    const leaves = Array.from({ length: 600 }, (_, n) => leafHash(`${n}`));
    const top = [treeHash(leaves.slice(0, 256)), treeHash(leaves.slice(256, 512))];
    const tiles: Record<string, Buffer> = {
      '0/000': Buffer.concat(leaves.slice(0, 256)),
      '0/001': Buffer.concat(leaves.slice(256, 512)),
      '0/002.p/88': Buffer.concat(leaves.slice(512)),
      '1/000.p/2': Buffer.concat(top),
    };
    const fetchTile = (path: string): Promise<Buffer> => Promise.resolve(tiles[path] ?? Buffer.alloc(0));
    expect(await readTiles(600, fetchTile)).toEqual(leaves);
    tiles['1/000.p/2'] = Buffer.concat(top.toReversed());
    await expect(readTiles(600, fetchTile)).rejects.toThrow('hash 0 at level 1');
    delete tiles['0/002.p/88'];
    await expect(readTiles(600, fetchTile)).rejects.toThrow('tile 2 at level 0 has 0 bytes');
  });

  it('reads its own proofs', () => {
    const leaves = Array.from({ length: 5 }, (_, n) => leafHash(`${n}`));
    const checkpoint = checkpointOf('bff.example/acme', leaves, [noteKey('bff.example/acme')]);
    expect(readProof(writeProof(3, leaves, checkpoint))).toEqual({
      index: 3,
      path: inclusionProof(3, leaves),
      checkpoint,
    });
  });
});

it('the checkpoint of a real log is cosigned by the witness', async () => {
  const folder = await WitnessFolder.make([REAL.vkey]);
  const witness = await folder.start('witness.example');
  const { status, text } = await witness.post(`old 0\n\n${REAL.note}`);
  expect(status).toBe(200);
  expect(openNote(REAL.note + text, [REAL.witness, witness.vkey]).by).toEqual([REAL.witness, witness.vkey]);
  await folder.remove();
});
