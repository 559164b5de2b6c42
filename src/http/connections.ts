import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { breakBody } from './json-body.js';
import { lingeringClose } from './lingering-close.js';
import type { Problem } from './problem.js';
import { Queue, type Queued } from './queue.js';
import { RequestLine, type Turn } from './request-line.js';
import { writeProblem } from './write-problem.js';

/** In milliseconds, unless stated otherwise. */
export const CONNECTION_LIMITS = {
  /** Each costs memory, even if it is idle. For one more, an idle connection is closed. */
  maxConnections: 4_000,
  /** Of these, how many may have sent no request yet. A client that connects sends one, so they are few. */
  maxUnused: 250,
  /** For the header of a request, and for the whole request, to arrive. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** How often the two time-outs above are checked: often, so that few are up at once. */
  connectionsCheckingInterval: 100,
  /** Longer than the minute for which load balancers keep idle connections, so that they close first. */
  keepAliveTimeout: 72_000,
  /** How long a client may read nothing of a waiting answer. */
  writeTimeout: 30_000,
  /** The same while the process stops. */
  writeTimeoutWhenDraining: 5_000,
} as const;

export type ConnectionLimits = Readonly<Record<keyof typeof CONNECTION_LIMITS, number>>;

/** Milliseconds after the deadline of a request when its answer has certainly been sent. */
const ANSWER_GRACE = 3_000;
/** Requests of one connection that may wait. With more, the connection is not read. */
const MAX_WAITING = 8;

/** Closures and literals of each connection would be copied by the garbage collector as often as it is: so it has few. */
class Connection implements Queued<Connection> {
  /** Whether a request is being carried out, or a refusal waits for its turn. */
  busy = false;
  /** Waiting requests, in the order of arrival. */
  readonly waiting: Turn[] = [];
  /** The request that arrived last; its body may still be incomplete. */
  latest: IncomingMessage | undefined;
  /** Whether later bytes can't be parsed any more: the connection ends after the answer to `latest`. */
  broken = false;
  /** Whether the last answer has been sent: no later request is carried out (RFC 9112, section 9.6). */
  over = false;
  queue: Queue<Connection> | undefined;
  before: Connection | undefined;
  after: Connection | undefined;

  constructor(readonly socket: Socket) {}
}

/** On the socket itself: a Map has the fault of a Set (see Queue). */
const CONNECTION = Symbol('connection');

interface WatchedSocket extends Socket {
  [CONNECTION]?: Connection;
}

/**
 * The HTTP server's connections. The requests of one connection are carried out one after the other: a client that
 * pipelines patches means an order (RFC 9112, section 9.3.2), and nobody can occupy the service with one connection.
 */
export class Connections {
  /**
   * Each connection is in one of them: it has sent no request yet, it is being answered, or its requests have all been
   * answered.
   */
  private readonly unused = new Queue<Connection>();
  private readonly working = new Queue<Connection>();
  private readonly resting = new Queue<Connection>();
  private readonly line = new RequestLine();
  private draining = false;

  constructor(private readonly limits: ConnectionLimits = CONNECTION_LIMITS) {}

  createServer(handle: RequestListener): Server {
    const { writeTimeout, headersTimeout, requestTimeout, keepAliveTimeout } = this.limits;
    const server = createServer({
      ...{ headersTimeout, requestTimeout, keepAliveTimeout },
      connectionsCheckingInterval: this.limits.connectionsCheckingInterval,
      // A missing Host is refused with a problem document, not by Node without a body.
      requireHostHeader: false,
    });
    // Node would drop header lines above its limit without an error. Their bytes are limited.
    server.maxHeadersCount = 0;
    // A client that closes its sending side may still wait for its answers (RFC 9112, section 9.6). Node has the
    // member, and its types do not.
    Object.assign(server, { httpAllowHalfOpen: true });
    server.timeout = writeTimeout;
    server.on('connection', (socket) => {
      this.watch(socket);
    });
    server.on('request', (request, response) => {
      this.take(request, () => {
        response.once('close', () => {
          this.next(request.socket);
        });
        handle(request, response);
      });
    });
    server.on('timeout', (socket: Socket) => {
      this.endIfStalled(socket);
    });
    // After CONNECT, Node no longer listens to the connection: a reset would end the process, and an earlier answer on
    // it would wait for ever for a slow reader.
    server.on('connect', (_request, socket: Socket) => {
      socket.on('error', () => undefined);
      socket.on('timeout', () => socket.destroy());
    });
    return server;
  }

  /**
   * Ends every connection after the answers to its running requests, and new ones at once. Answers that go on after the
   * longest possible request are cut: a long export to a slow reader.
   * @param deadlineMs deadline of a request, in milliseconds
   */
  drain(deadlineMs: number): void {
    this.draining = true;
    setTimeout(() => {
      for (const { socket } of this.all()) socket.destroy();
    }, deadlineMs + ANSWER_GRACE).unref();
    for (const connection of this.all()) {
      const { socket, busy, queue } = connection;
      // No client waits for an answer there, so none must be given the time to read it.
      if (isDone(connection) || (!busy && queue === this.unused)) socket.destroy();
      else if (busy) socket.setTimeout(this.limits.writeTimeoutWhenDraining);
      else this.end(socket);
    }
  }

  /**
   * Refuses bytes that can't be parsed as a request. Earlier requests on the connection are answered first: one may
   * be a patch that was applied. If the bytes are the rest of a body, its request gets the problem.
   */
  refuse(socket: Socket, problem: Problem): void {
    const connection = readable(socket);
    if (connection === undefined || connection.broken) return;
    connection.broken = true;
    const { latest, busy } = connection;
    if (busy && latest?.complete === false) {
      breakBody(latest, problem);
      return;
    }
    // Not even its end is read any more: at that Node would end our side, or close after the requests before.
    socket.pause();
    connection.waiting.push(() => {
      writeProblem(socket, problem);
      this.end(socket);
    });
    if (busy) return;
    // Not at once: the time of thousands may be up together. Until then it may be closed for a new connection.
    connection.busy = true;
    this.line.join(connection.waiting);
  }

  private watch(socket: WatchedSocket): void {
    if (this.draining || !this.makeRoom()) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket);
    socket[CONNECTION] = connection;
    this.unused.add(connection);
    this.line.giveWay();
    socket.on('close', leave);
    socket.on('resume', pauseIfNotRead);
    // Node calls this after an answer with `Connection: close`.
    socket.destroySoon = () => {
      this.end(socket);
    };
  }

  /**
   * Nobody is kept out by clients that connect and send nothing, or send a header byte by byte: the connection that
   * has done so for the longest time is closed for a new one, and after those the one that has rested longest.
   * @returns whether another connection fits in
   */
  private makeRoom(): boolean {
    const size = this.unused.size + this.working.size + this.resting.size;
    const { maxConnections, maxUnused } = this.limits;
    if (size < maxConnections && this.unused.size < maxUnused) return true;
    const idle = this.unused.first ?? this.resting.first;
    if (idle === undefined) return false;
    idle.socket.destroy();
    Queue.leave(idle);
    return true;
  }

  private *all(): Generator<Connection> {
    for (const queue of [this.unused, this.working, this.resting]) yield* [...queue];
  }

  private take(request: IncomingMessage, turn: Turn): void {
    const { socket } = request;
    const connection = readable(socket);
    if (connection === undefined) return;
    connection.latest = request;
    if (connection.busy) {
      connection.waiting.push(turn);
      if (connection.waiting.length >= MAX_WAITING) socket.pause();
      return;
    }
    connection.busy = true;
    this.working.add(connection);
    turn();
  }

  /** After an answer. Not at once: one read may contain hundreds of requests, and refusals take almost no time. */
  private next(socket: Socket): void {
    setImmediate(() => {
      const connection = readable(socket);
      if (connection === undefined) return;
      if (socket.isPaused() && !connection.broken) socket.resume();
      if (connection.waiting.length === 0 || this.draining) {
        connection.busy = false;
        this.resting.add(connection);
        if (connection.broken || this.draining) this.end(socket);
        return;
      }
      this.line.join(connection.waiting);
    });
  }

  private end(socket: Socket): void {
    const connection = readable(socket);
    if (connection === undefined) return;
    connection.over = true;
    connection.waiting.length = 0;
    socket.once('finish', () => {
      if (!socket.destroyed) this.resting.add(connection);
    });
    lingeringClose(socket);
  }

  /**
   * Nothing was received or sent for a while: the client does not read, or is idle, or a request is being carried
   * out, which has its own deadline.
   */
  private endIfStalled(socket: WatchedSocket): void {
    const connection = socket[CONNECTION];
    if (connection?.over === true) return;
    if (connection?.busy === true && socket.writableLength === 0) return;
    socket.destroy();
  }
}

/** The state of a connection on which more requests can be read; undefined if it has ended, or had its last answer. */
function readable(socket: WatchedSocket): Connection | undefined {
  const connection = socket[CONNECTION];
  return connection === undefined || connection.over || socket.destroyed ? undefined : connection;
}

/** Whether the last answer has been sent, and the client is not in the middle of a body. */
function isDone({ socket, over, latest }: Connection): boolean {
  return over && socket.writableFinished && latest?.complete !== false;
}

function leave(this: WatchedSocket): void {
  const connection = this[CONNECTION];
  if (connection === undefined) return;
  connection.waiting.length = 0;
  Queue.leave(connection);
}

/** A reader of a body resumes the whole connection. */
function pauseIfNotRead(this: WatchedSocket): void {
  const connection = this[CONNECTION];
  if (connection === undefined || connection.over) return;
  if (connection.broken || connection.waiting.length >= MAX_WAITING) this.pause();
}
