import { allSealed, checkpointOf, exportLines, until } from './support/audit-log.js';
import { verify, type Verdict } from './support/auditor.js';
import { noteKey, openNote } from './support/second-log.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { backUp, restore, runAsOwner } from './support/tampering.js';
import { stopWitnesses, WitnessFolder, type WitnessProcess } from './support/witness-process.js';

const LOGS = ['acme', 'globex', '_platform'].map((log) => `billing-bff.local/${log}`);
const SEED = Buffer.alloc(32, 5);
const KEY = noteKey('billing-bff.local/acme', 1, SEED);

/** Keeps the database; what writes the logs and asks the witnesses is started anew each time, as after a restart. */
let bff: TestBff;
let instance: TestBff;
let folders: WitnessFolder[];
let witnesses: WitnessProcess[];
let settings: Record<string, string>;
beforeAll(async () => {
  const vkeys = LOGS.map((origin) => noteKey(origin, 1, SEED).vkey);
  folders = await Promise.all([WitnessFolder.make(vkeys), WitnessFolder.make(vkeys)]);
  witnesses = await Promise.all(folders.map((folder, n) => folder.start(`witness.example/w${n + 1}`)));
  settings = {
    AUDIT_SIGNING_KEYS: `test:${KEY.seed}`,
    AUDIT_WITNESSES: JSON.stringify(witnesses.map(({ url, vkey: key }) => ({ url, key }))),
    AUDIT_WITNESS_INTERVAL_S: '1',
  };
  bff = await startBff({ settings: { AUDIT_SIGNING_KEYS: `test:${KEY.seed}` } });
  await withInstance(async () => {
    await grow('Old');
    await cosigned();
  });
  await backUp(bff, 'older');
});
afterAll(async () => {
  await bff.stop();
  await stopWitnesses();
  await Promise.all(folders.map((folder) => folder.remove()));
});

async function withInstance(work: () => Promise<void>): Promise<void> {
  instance = await startBff({ besides: bff, seals: true, settings });
  try {
    await work();
  } finally {
    await instance.stop();
  }
}

async function grow(name: string): Promise<void> {
  for (const n of [1, 2, 3]) expect((await instance.patch({ name: `${name} ${n}` })).status).toBe(200);
  await allSealed(bff);
}

const vkeys = (): string[] => witnesses.map(({ vkey }) => vkey);

/** The newest checkpoint has the signatures of the log and of both. */
function cosigned(): Promise<void> {
  const all = [KEY.vkey, ...vkeys()];
  return until(async () => {
    const { by } = openNote(await checkpointOf(instance), all);
    return all.every((key) => by.includes(key));
  }, 'both witnesses cosigned');
}

async function verdict(quorum?: number): Promise<Verdict> {
  const evidence = { exported: await exportLines(instance), keys: [KEY.vkey], witnesses: vkeys() };
  return verify(quorum === undefined ? evidence : { ...evidence, quorum });
}

/** What `GET /health/ready` of the instance says of the logs. */
async function ready(): Promise<{ status: number; alarms: object[] }> {
  const { status, body } = await instance.send('GET', '/health/ready', undefined, { Authorization: '' });
  return { status, alarms: (body as { audit_log: { alarms: object[] } }).audit_log.alarms };
}

it('two witnesses cosign what the service sends them, and an auditor who asks for both is content', async () => {
  await withInstance(async () => {
    await grow('Witnessed');
    await cosigned();
    const size = Number((await checkpointOf(instance)).split('\n')[1]);
    const { code, out, err } = await verdict(2);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`witnessed up to leaf ${size} (exclusive)`);
    for (const folder of folders)
      expect(await folder.state()).toMatchObject({ 'billing-bff.local/acme': { size } });
    expect(await ready()).toEqual({ status: 200, alarms: [] });
  });
});

it('an export brings the newest cosigned checkpoint when its own has no cosignature yet', async () => {
  await withInstance(async () => {
    await grow('Before');
    await cosigned();
    const kept = await checkpointOf(instance);
    const size = Number(kept.split('\n')[1]);
    for (const witness of witnesses) witness.signal('SIGSTOP');
    try {
      await grow('While they are away');
      const [head = ''] = await exportLines(instance);
      expect(JSON.parse(head)).toMatchObject({ export: { witnessed_checkpoint: kept } });
      const { code, out } = await verdict(2);
      expect(code).toBe(0);
      expect(out).toContain(`witnessed up to leaf ${size} (exclusive)`);
    } finally {
      for (const witness of witnesses) witness.signal('SIGCONT');
    }
    await cosigned();
  });
});

describe('a log that was forged and sealed again by the service itself', () => {
  const FORGERY = [
    `update audit_record set actor_sub = 'mallory' where actor_sub = 'user-1'`,
    `delete from audit_tile where log = 'acme'`,
    `delete from audit_log where log = 'acme'`,
    `insert into audit_pending (log, event_id) select 'acme', id from audit_record where tenant_id = 'acme' on conflict do nothing`,
  ];
  beforeEach(() => backUp(bff, 'good'));
  afterEach(async () => {
    await restore(bff, 'good');
    await runAsOwner(bff, ...TABLES.map((table) => `drop table good_${table}`));
  });

  it.each<[string, RegExp, string[]]>([
    ['with the old cosignatures', /the log was rewritten/, []],
    ['without any', /0 of 2 witnesses cosigned/, ['delete from audit_cosignature']],
  ])('is refused by the witnesses, an alarm, and found: %s', async (_, found, also) => {
    await runAsOwner(bff, ...FORGERY, ...also);
    await withInstance(async () => {
      await grow('Forged');
      await until(async () => (await ready()).alarms.length === 2, 'an alarm of each witness');
      const alarm = { log: 'acme', reason: 'witness-found-inconsistent' };
      expect(await ready()).toEqual({ status: 200, alarms: [alarm, alarm] });
      expect(instance.logs()).toMatch(/"level":50[^\n]*"reason":"witness-found-inconsistent"/);
      expect((await exportLines(instance)).join()).toContain('mallory');
      for (const quorum of [1, 2])
        expect(await verdict(quorum)).toMatchObject({
          code: 1,
          err: expect.stringMatching(found) as unknown,
        });
    });
  });
});

it('a restored backup is behind its witnesses: an alarm, and not valid', async () => {
  await backUp(bff, 'newest');
  await restore(bff, 'older');
  await runAsOwner(bff, 'delete from audit_cosignature');
  await withInstance(async () => {
    expect((await instance.patch({ name: 'After the restore' })).status).toBe(200);
    await allSealed(bff);
    await until(async () => (await ready()).alarms.length === 2, 'an alarm of each witness');
    const alarm = { log: 'acme', reason: 'witness-is-ahead' };
    expect(await ready()).toEqual({ status: 200, alarms: [alarm, alarm] });
    expect((await instance.patch({ name: 'Patches go on' })).status).toBe(200);
    expect(await verdict()).toMatchObject({
      code: 1,
      err: expect.stringContaining('0 of 2 witnesses cosigned') as unknown,
    });
  });
  await restore(bff, 'newest');
});

const TABLES = ['audit_record', 'audit_tile', 'audit_log', 'audit_pending', 'audit_set_aside'];
