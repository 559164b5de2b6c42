import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { sql } from 'kysely';
import { Witnesses } from '../src/audit-log/witnesses.js';
import {
  allSealed,
  checkpointOf,
  exportLines,
  read,
  readCheckpoint,
  readProof,
  until,
  vkeysOf,
} from './support/audit-log.js';
import { lookNow } from './support/look-now.js';
import { startBff, type TestBff } from './support/start-bff.js';

interface Asked {
  readonly old: number;
  readonly proof: readonly string[];
  readonly checkpoint: string;
}

/** A witness after C2SP tlog-witness, whose answers a test can replace. It believes every proof. */
class TestWitness {
  readonly asked: Asked[] = [];
  readonly sizes = new Map<string, number>();
  answer: (asked: Asked, response: ServerResponse) => void = (asked, response) => {
    this.cosign(asked, response);
  };
  private readonly keys = generateKeyPairSync('ed25519');
  private server: Server | undefined;

  constructor(readonly name: string) {}

  get vkey(): string {
    const x = Buffer.from(this.keys.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    const key = Buffer.concat([Buffer.of(4), x]);
    return `${this.name}+${this.id(key)}+${key.toString('base64')}`;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server?.address() as AddressInfo).port}/w`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.take(request, response));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  cosign({ old, checkpoint }: Asked, response: ServerResponse): void {
    const [origin = '', size = ''] = checkpoint.split('\n');
    const known = this.sizes.get(origin) ?? 0;
    if (old !== known) {
      response.writeHead(409, { 'Content-Type': 'text/x.tlog.size' }).end(`${known}\n`);
      return;
    }
    this.sizes.set(origin, Number(size));
    response.end(this.line(checkpoint));
  }

  line(checkpoint: string): string {
    const signed = checkpoint.slice(0, checkpoint.lastIndexOf('\n\n') + 1);
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(1_700_000_000n);
    const message = Buffer.from(`cosignature/v1\ntime 1700000000\n${signed}`);
    const id = Buffer.from(this.vkey.split('+')[1] ?? '', 'hex');
    const bytes = Buffer.concat([id, time, sign(null, message, this.keys.privateKey)]);
    return `— ${this.name} ${bytes.toString('base64')}\n`;
  }

  private id(key: Buffer): string {
    return createHash('sha256').update(`${this.name}\n`).update(key).digest('hex').slice(0, 8);
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const empty = body.indexOf('\n\n');
    const [first = '', ...proof] = body.slice(0, empty).split('\n');
    const asked = { old: Number(first.slice(4)), proof, checkpoint: body.slice(empty + 2) };
    expect([request.method, request.url]).toEqual(['POST', '/w/add-checkpoint']);
    this.asked.push(asked);
    this.answer(asked, response);
  }
}

const one = new TestWitness('witness.test/one');
let bff: TestBff;
let vkeys: string[];
beforeAll(async () => {
  await one.start();
  const AUDIT_WITNESSES = JSON.stringify([{ url: `${one.url}/`, key: one.vkey }]);
  bff = await startBff({ seals: true, settings: { AUDIT_WITNESSES, AUDIT_WITNESS_INTERVAL_S: '1' } });
  vkeys = [...(await vkeysOf(bff)).trim().split('\n'), one.vkey];
});
beforeEach(() => {
  one.answer = (asked, response) => {
    one.cosign(asked, response);
  };
});
afterAll(async () => {
  await bff.stop();
  await one.stop();
});

async function grow(name: string): Promise<void> {
  expect((await bff.patch({ name })).status).toBe(200);
  await allSealed(bff);
}

const signersOf = async (): Promise<readonly string[]> =>
  readCheckpoint(await checkpointOf(bff), vkeys).signers;
/** As if the pause between two looks and AUDIT_WITNESS_INTERVAL_S were over. */
async function askNow(): Promise<void> {
  const { kysely } = bff.database;
  await sql`update audit_cosignature set tried_at = tried_at - interval '1 second'`.execute(kysely);
  await lookNow(bff.app.get(Witnesses)['poller']);
}
const cosigned = (): Promise<void> =>
  until(async () => {
    await askNow();
    return (await signersOf()).includes('witness.test/one');
  }, 'the witness cosigned');

it('the newest checkpoint gets its cosignature, and a proof has it, too', async () => {
  await grow('First');
  await cosigned();
  expect(one.asked[0]).toMatchObject({ old: 0, proof: [''].filter(Boolean) });
  const { body } = await read(bff, 'audit-events?action=customer.patch&limit=1');
  const [{ id }] = (body as { data: [{ id: string }] }).data;
  const proof = readProof(String((await read(bff, `audit-events/${id}/proof`)).body));
  expect(readCheckpoint(proof.checkpoint, vkeys).signers).toEqual([
    'billing-bff.local/acme',
    'witness.test/one',
  ]);
});

it('a log that grew is proven to extend what was cosigned', async () => {
  await allSealed(bff);
  await cosigned();
  const before = Number((await checkpointOf(bff)).split('\n')[1]);
  await grow('Second');
  await cosigned();
  const last = one.asked.at(-1);
  expect(last?.old).toBe(before);
  expect(last?.proof.length).toBeGreaterThan(0);
});

it('an export whose checkpoint has no cosignature yet brings the newest one that has', async () => {
  await cosigned();
  const kept = readCheckpoint(await checkpointOf(bff), vkeys);
  one.answer = (_, response) => void response.writeHead(503).end();
  await grow('Third');
  const [head = ''] = await exportLines(bff);
  const { export: header } = JSON.parse(head) as {
    export: { checkpoint: string; witnessed_checkpoint: string };
  };
  expect(readCheckpoint(header.checkpoint, vkeys).signers).toEqual(['billing-bff.local/acme']);
  expect(readCheckpoint(header.witnessed_checkpoint, vkeys)).toEqual(kept);
});

it('a witness that forgot, or knows another size, is sent the proof from there', async () => {
  await cosigned();
  one.sizes.set('billing-bff.local/acme', 1);
  await grow('Fourth');
  await cosigned();
  expect(one.asked.at(-1)?.old).toBe(1);
});

it.each<[string, string, (asked: Asked, response: ServerResponse) => void]>([
  ['answers an error', 'status-500', (_, response) => void response.writeHead(500).end('x')],
  ['does not know the log', 'status-404', (_, response) => void response.writeHead(404).end()],
  ['redirects', 'unreachable', (_, r) => void r.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end()],
  ['breaks off', 'unreachable', (_, response) => void response.destroy()],
  ['answers without end', 'answer-too-long', (_, response) => void response.end('x'.repeat(1_000_000))],
  ['cosigns nothing', 'not-cosigned', (_, response) => void response.end('\n')],
  [
    'cosigns another checkpoint',
    'not-cosigned',
    ({ checkpoint }, response) => void response.end(one.line(checkpoint.replace('acme', 'other'))),
  ],
])('a witness that %s has refused: it is counted, and nothing else stops', async (_, reason, answer) => {
  one.answer = answer;
  await grow(`Refused ${reason}`);
  await askNow();
  const counted = `billing_bff_audit_witness_refusals_total{witness="witness.test/one",reason="${reason}"}`;
  expect(await metrics()).toContain(counted);
  expect(await signersOf()).toEqual(['billing-bff.local/acme']);
  expect((await bff.send('GET', '/health/ready', undefined, { Authorization: '' })).body).toMatchObject({
    audit_log: { alarms: [], set_aside: 0 },
  });
});

it.each<[string, string, (asked: Asked, response: ServerResponse) => void]>([
  ['is ahead', 'witness-is-ahead', (_, response) => void response.writeHead(409).end('1000000\n')],
  ['refuses the proof', 'witness-found-inconsistent', (_, response) => void response.writeHead(422).end()],
])('a witness that %s is an alarm, until it cosigns again; patches go on', async (_, reason, answer) => {
  one.answer = answer;
  await grow(reason);
  const ready = async (): Promise<{ status: number; alarms: unknown }> => {
    const { status, body } = await bff.send('GET', '/health/ready', undefined, { Authorization: '' });
    return { status, alarms: (body as { audit_log: { alarms: unknown[] } }).audit_log.alarms };
  };
  await askNow();
  expect(await ready()).toEqual({ status: 200, alarms: [{ log: 'acme', reason }] });
  expect(await metrics()).toContain(`billing_bff_audit_log_alarms_total{reason="${reason}"}`);
  expect(bff.logs()).toMatch(new RegExp(`"level":50[^\n]*"reason":"${reason}"`));
  await grow('Patches go on');
  one.answer = (asked, response) => {
    one.cosign(asked, response);
  };
  await cosigned();
  expect((await ready()).alarms).toEqual([]);
});

async function metrics(): Promise<string> {
  return String((await bff.send('GET', '/metrics', undefined, { Authorization: '' })).body);
}
