// The slow clients of slow-clients.mjs, in a process of their own. They come at `go` and leave at `end`, again and again.
import { connect } from 'node:net';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';

/** New connections in each tick of so many milliseconds, until there are enough; lost ones are opened again. */
const TICK = 20;
const PER_TICK = 40;
const SLOW = 500;

const { url, idle, path } = JSON.parse(process.argv[2]);
const { hostname, port } = new URL(url);
const counts = { 'connections opened': 0, 'connections closed by the service': 0, 'probes sent': 0 };
const HEAD = `PATCH /api/v1/customers/${path} HTTP/1.1\r\nHost: bff\r\n`;
const HIDDEN = `${HEAD}Content-Length: 2\r\n\r\n{}`;
const PROBES = [
  `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  `${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  `${HEAD}Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  `${HEAD}Content-Length: 2\r\n\r\n{}${HIDDEN}`,
];
const open = new Set();
let ticking;

function openOne(isSlow) {
  const socket = connect(Number(port), hostname);
  open.add(socket);
  counts['connections opened'] += 1;
  let written = 0;
  const drip = () => socket.write(HEAD[written++ % HEAD.length]);
  if (isSlow) drip();
  const dripping = isSlow ? setInterval(drip, 1_000) : undefined;
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(dripping);
    if (open.delete(socket)) counts['connections closed by the service'] += 1;
  });
  socket.resume();
}

function leave() {
  clearInterval(ticking);
  for (const socket of open) {
    open.delete(socket);
    socket.destroy();
  }
}

function probe(text) {
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(text);
  counts['probes sent'] += 1;
}

function tick() {
  for (let n = 0; n < PER_TICK && open.size < idle; n += 1) openOne(n % Math.ceil(idle / SLOW) === 0);
  probe(PROBES[counts['probes sent'] % PROBES.length]);
}

process.on('message', (message) => {
  if (message === 'go') {
    ticking = setInterval(tick, TICK);
    return;
  }
  leave();
  process.send(counts);
});
process.once('disconnect', () => process.exit());
process.send('ready');
