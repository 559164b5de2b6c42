import { once } from 'node:events';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { CONNECTION_LIMITS, type ConnectionLimits, Connections } from './connections.js';
import { Problem } from './problem.js';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

async function start(handle: RequestListener, limits: Partial<ConnectionLimits> = {}): Promise<Connections> {
  const connections = new Connections({ ...CONNECTION_LIMITS, ...limits });
  server = connections.createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return connections;
}

/** @param allowHalfOpen whether the client leaves its side open when the server has closed the other one */
async function open(bytes: string, allowHalfOpen = false): Promise<Socket> {
  const address = server?.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
  const socket = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

/** Far more than the kernel keeps for a reader. */
const ENDLESS = Buffer.alloc(64 * 1024 * 1024);

it('an answer that nobody reads ends its connection', async () => {
  const closed = new Promise<boolean>((resolve) => {
    void start(
      (request, response) => {
        response.once('close', () => {
          resolve(request.socket.destroyed);
        });
        response.end(ENDLESS);
      },
      { writeTimeout: 200 },
    ).then(() => open(GET));
  });
  expect(await closed).toBe(true);
});

it('an answer that is slow to come, and one that is read slowly, end as they should', async () => {
  const whole = 'x'.repeat(100_000);
  await start(
    (_request, response) => {
      setTimeout(() => response.end(whole), 500);
    },
    { writeTimeout: 100 },
  );
  const socket = await open(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  expect(await text(socket)).toContain(whole);
});

it('while it drains, an answer that nobody reads ends its connection sooner', async () => {
  const responses: ServerResponse[] = [];
  const connections = await start(
    (_request, response) => {
      responses.push(response);
      response.end(ENDLESS);
    },
    { writeTimeoutWhenDraining: 100 },
  );
  await open(GET);
  await until(() => responses.length === 1);
  const [response] = responses;
  connections.drain(10_000);
  if (response !== undefined) await once(response, 'close');
  expect(response?.req.socket.destroyed).toBe(true);
});

it('while it drains, a connection without a whole request ends at once, even if the client does nothing about it', async () => {
  const connections = await start(() => undefined);
  const accepted: Socket[] = [];
  server?.on('connection', (socket: Socket) => void accepted.push(socket));
  const clients = [await open('', true), await open('GET / HT', true)];
  await until(() => accepted.reduce((bytes, { bytesRead }) => bytes + bytesRead, 0) === 8);
  connections.drain(60_000);
  expect(accepted.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  // The server still listens for a moment.
  clients.push(await open('', true));
  await until(() => accepted.length === 3);
  expect(accepted[2]?.destroyed).toBe(true);
  for (const client of clients) client.destroy();
});

describe('a client that closes its sending side', () => {
  it('gets the answers to all that it sent before, and the connection ends', async () => {
    // More than wait at a time, some answered at once.
    const urls = Array.from({ length: 20 }, (_, n) => (n % 4 === 0 ? `/slow/${n}` : `/${n}`));
    await start(({ url = '' }, response) => {
      if (url.startsWith('/slow')) setTimeout(() => response.end(`[${url}]`), 10);
      else response.end(`[${url}]`);
    });
    const socket = await open('', true);
    socket.end(urls.map((url) => GET.replace('/', url)).join(''));
    const bodies = [...(await text(socket)).matchAll(/\[(.*)\]/g)].map(([, url]) => url);
    expect(bodies).toEqual(urls);
  });

  it('and does not read its answer is closed by the time-out', async () => {
    const responses: ServerResponse[] = [];
    await start(
      (_request, response) => {
        responses.push(response);
        response.end(ENDLESS);
      },
      { writeTimeout: 200 },
    );
    (await open('', true)).pause().end(GET);
    await until(() => responses[0]?.req.socket.destroyed === true);
  });

  it('without a request is closed at once', async () => {
    await start(() => undefined);
    const silent = await open('', true);
    expect(await text(silent.end())).toBe('');
  });

  it('is answered while it drains, and the connection ends', async () => {
    let answer = (): void => undefined;
    const connections = await start((_request, response) => {
      answer = () => response.end('done');
    });
    const accepted = new Promise<Socket>((resolve) => server?.once('connection', resolve));
    const socket = (await open('', true)).end(GET);
    const served = await accepted;
    await until(() => served.readableEnded);
    connections.drain(60_000);
    answer();
    expect(await text(socket)).toMatch(/done$/);
    await until(() => served.destroyed);
  });
});

it('the requests of a connection are carried out in turn, and few are taken before their turn', async () => {
  const held: (() => void)[] = [];
  let atOnce = 0;
  let most = 0;
  await start((_request, response) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    held.push(() => {
      atOnce -= 1;
      response.end();
    });
  });
  const socket = await open('');
  let written = 0;
  const long = GET.replace('\r\n\r\n', `\r\nX-Long: ${'x'.repeat(8_000)}\r\n\r\n`);
  const write = (): void => {
    while (written < 20_000 && socket.write(long)) written += 1;
  };
  socket.on('drain', write);
  write();
  await until(() => held.length === 1);
  // Whoever does not get an answer can't make the server read all of it.
  for (let look = 0; look < 200; look += 1) await new Promise(setImmediate);
  expect(written).toBeLessThan(20_000);
  expect([most, held.length]).toEqual([1, 1]);
  socket.destroy();
});

describe('pipelines that are answered at once', () => {
  // With a body: between its pieces Node carries out what is due, an answer's end for one.
  const PATCH = 'PATCH / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\n{}';

  it('begin one request in each turn of the event loop, however many pipelines there are', async () => {
    let begun = 0;
    let inThisTurn = 0;
    const most: number[] = [];
    await start((_request, response) => {
      begun += 1;
      inThisTurn += 1;
      if (inThisTurn === 1) {
        setImmediate(() => {
          most.push(inThisTurn);
          inThisTurn = 0;
        });
      }
      response.end();
    });
    const sockets = await Promise.all([open(PATCH.repeat(300)), open(PATCH.repeat(300))]);
    await until(() => begun === 600);
    // Their first requests wait for nobody.
    expect(Math.max(...most.slice(2))).toBe(1);
    for (const socket of sockets) socket.destroy();
  });

  it('let those come first who have just connected', async () => {
    let pipelined = 0;
    let connected = 0;
    let pipelinedBefore = 0;
    await start(({ method }, response) => {
      if (method === 'PATCH') pipelined += 1;
      else {
        connected += 1;
        pipelinedBefore = pipelined;
      }
      response.end();
    });
    const pipeline = await open(PATCH.repeat(500));
    await until(() => pipelined > 1);
    pipelined = 0;
    const sockets = await Promise.all(Array.from({ length: 50 }, () => open(GET)));
    await until(() => connected === 50);
    // One for each 16 who connected, and some until the first of them was there.
    expect(pipelinedBefore).toBeLessThan(15);
    for (const socket of [pipeline, ...sockets]) socket.destroy();
  });
});

it('requests whose time is up together are refused one in each turn of the event loop', async () => {
  let ended = 0;
  let inThisTurn = 0;
  const most: number[] = [];
  const connections = await start(() => undefined, { headersTimeout: 50, connectionsCheckingInterval: 300 });
  server?.on('clientError', (_error, socket) => {
    if (socket instanceof Socket) connections.refuse(socket, new Problem('request-timeout', 'Too late.'));
  });
  server?.on('connection', (socket: Socket) => {
    const end = socket.end.bind(socket);
    socket.end = () => {
      ended += 1;
      inThisTurn += 1;
      if (inThisTurn === 1) {
        setImmediate(() => {
          most.push(inThisTurn);
          inThisTurn = 0;
        });
      }
      return end();
    };
  });
  const late = await Promise.all(Array.from({ length: 20 }, () => opened('GET / HT')));
  await until(() => late.every(({ closed }) => closed));
  expect([ended, Math.max(...most)]).toEqual([20, 1]);
});

describe('CONNECT, for which Node no longer listens to the connection', () => {
  const CONNECT = 'CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n';

  async function startRefusing(
    handle: RequestListener,
    limits: Partial<ConnectionLimits> = {},
  ): Promise<void> {
    const connections = await start(handle, limits);
    server?.on('connect', (_request, socket: Socket) => {
      connections.refuse(socket, new Problem('method-not-allowed', 'Not a proxy.'));
    });
  }

  it.each([
    ['after the refusal', ''],
    ['while an earlier request is carried out', GET],
  ])('a client may reset it %s', async (_name, earlier) => {
    await startRefusing(() => undefined);
    const closed = new Promise((resolve) => {
      server?.once('connection', (socket: Socket) => socket.once('close', resolve));
    });
    const socket = await open(earlier + CONNECT);
    if (earlier === '') await once(socket, 'data');
    else await once(server ?? socket, 'connect');
    socket.resetAndDestroy();
    await closed;
  });

  it('an earlier answer that nobody reads ends its connection', async () => {
    const responses: ServerResponse[] = [];
    await startRefusing(
      (_request, response) => {
        responses.push(response);
        response.end(ENDLESS);
      },
      { writeTimeout: 200 },
    );
    await open(GET + CONNECT);
    await until(() => responses[0]?.req.socket.destroyed === true);
  });
});

describe('beyond the maximum of connections', () => {
  const LIMIT = { maxConnections: 3 };
  const answerAll: RequestListener = (_request, response) => response.end('ok');

  it('a new caller is served, and the oldest connection that has sent no request is closed', async () => {
    await start(answerAll, LIMIT);
    const used = await opened(GET);
    await until(() => used.answers === 1);
    const others = [await opened(''), await opened('GET / HT')];
    const caller = await opened(GET);
    await until(() => caller.answers === 1);
    await until(() => others[0]?.closed === true);
    expect([used, ...others, caller].map(({ closed }) => closed)).toEqual([false, true, false, false]);
    for (const { socket } of [used, ...others, caller]) socket.destroy();
  });

  it('few may have sent no request: for one more, the oldest of them is closed', async () => {
    await start(answerAll, { maxUnused: 2 });
    const used = await opened(GET);
    await until(() => used.answers === 1);
    const silent = [await opened(''), await opened('GET / HT')];
    const caller = await opened(GET);
    await until(() => caller.answers === 1);
    await until(() => silent[0]?.closed === true);
    expect([used, ...silent, caller].map(({ closed }) => closed)).toEqual([false, true, false, false]);
    for (const { socket } of [used, ...silent, caller]) socket.destroy();
  });

  it('the connection that has waited longest for its next request is closed if all have sent one', async () => {
    await start(answerAll, LIMIT);
    const kept: Opened[] = [];
    for (let n = 0; n < 3; n += 1) {
      const one = await opened(GET);
      await until(() => one.answers === 1);
      kept.push(one);
    }
    kept[0]?.socket.write(GET);
    await until(() => kept[0]?.answers === 2);
    const caller = await opened(GET);
    await until(() => caller.answers === 1);
    await until(() => kept[1]?.closed === true);
    expect(kept.map(({ closed }) => closed)).toEqual([false, true, false]);
    for (const { socket } of [...kept, caller]) socket.destroy();
  });

  it('an answered connection that the client leaves open makes room', async () => {
    await start(answerAll, LIMIT);
    const last = GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
    // Nobody reads these, so nobody ends them.
    const left = [await open(last), await open(last), await open(last)];
    const caller = await opened(GET);
    await until(() => caller.answers === 1);
    for (const socket of [...left, caller.socket]) socket.destroy();
  });

  it('a new connection is closed if requests are being carried out on all others', async () => {
    const responses: ServerResponse[] = [];
    await start((_request, response) => void responses.push(response), LIMIT);
    const busy = [await opened(GET), await opened(GET), await opened(GET)];
    await until(() => responses.length === 3);
    const late = await opened(GET);
    await until(() => late.closed);
    for (const response of responses) response.end();
    await until(() => busy.every(({ answers }) => answers === 1));
    expect([responses.length, late.answers]).toEqual([3, 0]);
    for (const { socket } of busy) socket.destroy();
  });
});

interface Opened {
  readonly socket: Socket;
  answers: number;
  closed: boolean;
}

/** It is read, and its answers are counted. */
async function opened(bytes: string): Promise<Opened> {
  const socket = await open(bytes);
  const one: Opened = { socket, answers: 0, closed: false };
  socket.on('data', (chunk) => {
    one.answers += String(chunk).split('HTTP/1.1 200').length - 1;
  });
  socket.on('close', () => {
    one.closed = true;
  });
  return one;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it never came to pass');
    await new Promise(setImmediate);
  }
}
