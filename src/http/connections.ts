import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { breakBody } from './json-body.js';
import { lingeringClose } from './lingering-close.js';
import type { Problem } from './problem.js';
import { writeProblem } from './write-problem.js';

/** Milliseconds, where nothing else is said. */
export const CONNECTION_LIMITS = {
  /** More connections are closed at once: each costs memory, also when it is silent. */
  maxConnections: 4_000,
  /** For the header of a request to arrive, and for the whole of it. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** How often the two above are looked at. */
  connectionsCheckingInterval: 1_000,
  /** Longer than the minute for which load balancers keep idle connections: they should close first. */
  keepAliveTimeout: 72_000,
  /** For which a client may read nothing of an answer that waits for it. */
  writeTimeout: 30_000,
  /** The same while the process stops. */
  writeTimeoutWhenDraining: 5_000,
} as const;

export type ConnectionLimits = Readonly<Record<keyof typeof CONNECTION_LIMITS, number>>;

/** Milliseconds beyond the deadline of a request until its answer surely is out. */
const ANSWER_GRACE = 3_000;
/** Requests of one connection that may wait for their turn before no more is read from it. */
const MAX_WAITING = 8;

/** New connections may delay pipelined requests for at most so many turns of the event loop. */
const MAX_HELD = 16;

/** One request, or one refusal of what is none; it calls `next` by itself. */
type Turn = () => void;

interface Connection {
  /** Whether something is being carried out. */
  busy: boolean;
  /** What comes next, in the order of arrival. */
  readonly waiting: Turn[];
  /** The request that arrived last: its body may still be on the way. */
  latest: IncomingMessage | undefined;
  /** Whether what comes is not understood any more: it ends behind the answer to `latest`. */
  broken: boolean;
  /** Whether the last answer is out: whatever comes behind it is not carried out (RFC 9112, section 9.6). */
  over: boolean;
}

/**
 * The HTTP server's connections. The requests of one connection are carried out in turn: a client that pipelines
 * patches means an order (RFC 9112, section 9.3.2), and nobody can occupy the service by one connection.
 */
export class Connections {
  private readonly connections = new Map<Socket, Connection>();
  /** Those with a request that waits for nothing but its turn: of all of them, one begins in each turn of the event loop. */
  private readonly line: Connection[] = [];
  /** Whether somebody connected since the last turn, and for how many turns the line was held up for them. */
  private accepted = false;
  private held = 0;
  private draining = false;

  constructor(private readonly limits: ConnectionLimits = CONNECTION_LIMITS) {}

  createServer(handle: RequestListener): Server {
    const { maxConnections, writeTimeout, headersTimeout, requestTimeout, keepAliveTimeout } = this.limits;
    const server = createServer({
      ...{ headersTimeout, requestTimeout, keepAliveTimeout },
      connectionsCheckingInterval: this.limits.connectionsCheckingInterval,
      // A missing Host is refused as a problem document, not by Node without a body.
      requireHostHeader: false,
    });
    server.maxConnections = maxConnections;
    // All of them: Node would leave out what is beyond its limit without a word. Their bytes are limited.
    server.maxHeadersCount = 0;
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
    return server;
  }

  /**
   * Ends every connection as soon as what was begun on it is answered, and whatever goes on when every request surely
   * is over: a long export to a slow reader.
   * @param deadlineMs milliseconds that a request has for all that is done for it
   */
  drain(deadlineMs: number): void {
    this.draining = true;
    setTimeout(() => {
      for (const socket of this.connections.keys()) socket.destroy();
    }, deadlineMs + ANSWER_GRACE).unref();
    for (const [socket, { busy, over }] of this.connections) {
      if (busy) socket.setTimeout(this.limits.writeTimeoutWhenDraining);
      else if (!over) this.end(socket);
    }
  }

  /**
   * Refuses what can't be understood as a request. What came before on the connection is answered first: it may be a
   * patch that was applied. If it is the rest of a body, its request gets the problem.
   */
  refuse(socket: Socket, problem: Problem): void {
    const connection = this.connections.get(socket);
    if (connection === undefined || connection.over || connection.broken) return;
    connection.broken = true;
    const { latest, busy } = connection;
    if (busy && latest?.complete === false) {
      breakBody(latest, problem);
      return;
    }
    this.queue(connection, () => {
      writeProblem(socket, problem);
      this.end(socket);
    });
  }

  private watch(socket: Socket): void {
    const connection: Connection = {
      ...{ busy: false, waiting: [], latest: undefined, broken: false, over: false },
    };
    this.connections.set(socket, connection);
    this.accepted = true;
    socket.once('close', () => {
      connection.waiting.length = 0;
      this.connections.delete(socket);
    });
    // Whoever reads a body starts the whole connection again.
    socket.on('resume', () => {
      if (connection.waiting.length >= MAX_WAITING && !connection.over) socket.pause();
    });
    // What Node calls behind an answer with `Connection: close`.
    socket.destroySoon = () => {
      this.end(socket);
    };
  }

  private take(request: IncomingMessage, turn: Turn): void {
    const { socket } = request;
    const connection = this.connections.get(socket);
    if (connection === undefined || connection.over) return;
    connection.latest = request;
    this.queue(connection, turn);
    if (connection.waiting.length >= MAX_WAITING) socket.pause();
  }

  private queue(connection: Connection, turn: Turn): void {
    if (connection.busy) {
      connection.waiting.push(turn);
      return;
    }
    connection.busy = true;
    turn();
  }

  /** After an answer. Not at once: one read may bring hundreds of requests whose refusals take no time. */
  private next(socket: Socket): void {
    setImmediate(() => {
      const connection = this.connections.get(socket);
      if (connection === undefined || connection.over || socket.destroyed) return;
      if (socket.isPaused()) socket.resume();
      if (connection.waiting.length === 0 || this.draining) {
        connection.busy = false;
        if (connection.broken || this.draining) this.end(socket);
        return;
      }
      this.line.push(connection);
      if (this.line.length === 1) setImmediate(this.callNext);
    });
  }

  /** Those who have just connected come first: Node accepts one of them in each turn of the event loop. */
  private readonly callNext = (): void => {
    const comesFirst = this.accepted && this.held < MAX_HELD;
    this.accepted = false;
    this.held = comesFirst ? this.held + 1 : 0;
    // Its own `waiting` is empty when the connection has ended meanwhile.
    if (!comesFirst) this.line.shift()?.waiting.shift()?.();
    if (this.line.length > 0) setImmediate(this.callNext);
  };

  private end(socket: Socket): void {
    const connection = this.connections.get(socket);
    if (connection === undefined || connection.over) return;
    connection.over = true;
    connection.waiting.length = 0;
    lingeringClose(socket);
  }

  /** Nothing came or went for a while: the client does not read, or is idle; or we are at work, which has a deadline. */
  private endIfStalled(socket: Socket): void {
    const connection = this.connections.get(socket);
    if (connection?.over === true) return;
    if (connection?.busy === true && socket.writableLength === 0) return;
    socket.destroy();
  }
}
