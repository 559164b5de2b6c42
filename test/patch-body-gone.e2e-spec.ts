import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { ManualClock } from './support/manual-clock.js';
import { Deadline } from '../src/http/deadline.js';
import { readJsonBody } from '../src/http/json-body.js';

it('a body whose sender is gone before it is read is refused at once, not when the time is over', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { 'Content-Type': 'application/json', 'Content-Length': '100' };
  const sender = request({ port, host: '127.0.0.1', method: 'PATCH', headers });
  sender.on('error', () => undefined);
  sender.write('{');
  const [raw] = (await once(server, 'request')) as [IncomingMessage];
  raw.on('error', () => undefined);
  sender.destroy();
  await new Promise((closed) => raw.once('close', closed));

  const deadline = new Deadline(new ManualClock(), 1_000);
  const gone = { headers: raw.headers, raw, deadline } as unknown as FastifyRequest;
  await expect(readJsonBody(gone)).rejects.toMatchObject({ slug: 'malformed-json' });
  server.close();
}, 5_000);
