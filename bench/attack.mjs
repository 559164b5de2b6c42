// The hostile caller of hostile.mjs, in a process of its own: everything at once, and again every second.
import { connect } from 'node:net';
import process from 'node:process';
import { setInterval } from 'node:timers';

/** Milliseconds between two attacks with all of this. */
const BURST_EVERY = 1_000;
const GIANT_BODIES = 8;
const PIPELINED = 500;
const CLEAR_READS = 40;
const STALLED_EXPORTS = 60;

/** Just below 64 KiB. */
const GIANT = `{"custom_taxes":[${Array.from({ length: 21_000 }, () => '{}').join(',')}]}`;

/** How often what was answered. */
const counts = {};
const { url, token, path } = JSON.parse(process.argv[2]);
const { hostname, port } = new URL(url);

const head = (line, more = '') =>
  `${line} HTTP/1.1\r\nHost: bff\r\nAuthorization: Bearer ${token}\r\nX-Tenant-Id: a\r\n${more}\r\n`;
const patchWith = (body) => {
  const type = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  return head(`PATCH ${path}`, type) + body;
};
const EXPORT = head('GET /api/v1/audit-events', 'Accept: application/x-ndjson\r\n');
const CLEAR_READ = head('GET /api/v1/audit-events?limit=200');
const GIANT_BODY = patchWith(GIANT);
const PIPELINE = patchWith('{"name":"Acme pipelined"}').repeat(PIPELINED);

/** Writes it on a new connection and reads so many answers, unless it stalls. */
function send(name, text, answers) {
  const socket = connect(Number(port), hostname);
  let seen = 0;
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    for (const [, status] of chunk.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
      counts[`${name} ${status}`] = (counts[`${name} ${status}`] ?? 0) + 1;
      seen += 1;
    }
    if (answers === undefined) socket.pause();
    else if (seen >= answers) socket.destroy();
  });
  socket.write(text);
}

function burst() {
  for (let i = 0; i < STALLED_EXPORTS; i += 1) send('export', EXPORT, undefined);
  for (let i = 0; i < CLEAR_READS; i += 1) send('clear read', CLEAR_READ, 1);
  for (let i = 0; i < GIANT_BODIES; i += 1) send('giant body', GIANT_BODY, 1);
  send('pipelined', PIPELINE, PIPELINED);
}

process.on('message', (message) => {
  if (message === 'go') {
    burst();
    setInterval(burst, BURST_EVERY);
  } else process.send(counts, () => process.exit());
});
process.once('disconnect', () => process.exit());
process.send('ready');
