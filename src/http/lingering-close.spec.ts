import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { lingeringClose } from './lingering-close.js';

const MEGABYTE = Buffer.alloc(1_000_000, 'x');

let server: Server;
let client: Socket;
let served: Socket;
beforeEach(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  // It goes on writing when the server has ended its side.
  client = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined).resume();
  served = await accepted;
  served.on('error', () => undefined).on('data', () => undefined);
});
afterEach(() => {
  client.destroy();
  server.close();
});

/** Writes without end; @returns the bytes that the server took until it closed the connection. */
async function upload(): Promise<number> {
  const write = (): void => {
    while (client.writable && client.write(MEGABYTE));
  };
  client.on('drain', write);
  write();
  await once(served, 'close');
  return served.bytesRead;
}

it('ends an upload that goes on for ever, by its bytes', async () => {
  lingeringClose(served, { ms: 60_000, bytes: 3_000_000 });
  const taken = await upload();
  expect(taken).toBeGreaterThan(3_000_000);
  expect(taken).toBeLessThan(6_000_000);
});

it('ends a connection that the client never ends, by its time', async () => {
  lingeringClose(served, { ms: 50, bytes: 3_000_000 });
  client.write('x');
  const startedAt = Date.now();
  await once(served, 'close');
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(45);
  expect(served.bytesRead).toBe(1);
});

it('lets a client read its answer that first writes all it has', async () => {
  served.write('the answer');
  lingeringClose(served, { ms: 10_000, bytes: 10_000_000 });
  const read = once(client.removeAllListeners('data'), 'data');
  for (let piece = 0; piece < 4; piece += 1) client.write(MEGABYTE);
  client.end();
  expect(String((await read)[0])).toBe('the answer');
  await once(served, 'close');
  expect(served.bytesRead).toBe(4_000_000);
});
