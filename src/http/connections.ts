import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { breakBody } from './json-body.js';
import { lingeringClose } from './lingering-close.js';
import type { Problem } from './problem.js';
import { writeProblem } from './write-problem.js';

/** In milliseconds, unless stated otherwise. */
export const CONNECTION_LIMITS = {
  /** Each costs memory, even if it is idle. For one more, an idle connection is closed. */
  maxConnections: 4_000,
  /** For the header of a request, and for the whole request, to arrive. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** How often the two time-outs above are checked. */
  connectionsCheckingInterval: 1_000,
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

/** Maximum turns of the event loop for which new connections may delay pipelined requests. */
const MAX_HELD = 16;

/** One request, or the refusal of a malformed one. It calls `next` itself. */
type Turn = () => void;

interface Connection {
  /** Whether a request is being carried out. */
  busy: boolean;
  /** Waiting requests, in the order of arrival. */
  readonly waiting: Turn[];
  /** The request that arrived last; its body may still be incomplete. */
  latest: IncomingMessage | undefined;
  /** Whether later bytes can't be parsed any more: the connection ends after the answer to `latest`. */
  broken: boolean;
  /** Whether the last answer has been sent: no later request is carried out (RFC 9112, section 9.6). */
  over: boolean;
}

/**
 * The HTTP server's connections. The requests of one connection are carried out one after the other: a client that
 * pipelines patches means an order (RFC 9112, section 9.3.2), and nobody can occupy the service with one connection.
 */
export class Connections {
  private readonly connections = new Map<Socket, Connection>();
  /**
   * Connections that have sent no request yet, and those whose requests have all been answered; the longest waiting
   * first.
   */
  private readonly unused = new Set<Socket>();
  private readonly resting = new Set<Socket>();
  /** Connections whose next request is ready. Of all of them, one request begins in each turn of the event loop. */
  private readonly line: Connection[] = [];
  /**
   * Whether a new connection was accepted since the last turn, and for how many turns the line has waited for new
   * connections.
   */
  private accepted = false;
  private held = 0;
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
   * Ends every connection after the answers to its running requests. Answers that go on after the longest possible
   * request are cut: a long export to a slow reader.
   * @param deadlineMs deadline of a request, in milliseconds
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
   * Refuses bytes that can't be parsed as a request. Earlier requests on the connection are answered first: one may
   * be a patch that was applied. If the bytes are the rest of a body, its request gets the problem.
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
    this.queue(socket, connection, () => {
      writeProblem(socket, problem);
      this.end(socket);
    });
  }

  private watch(socket: Socket): void {
    if (!this.makeRoom()) {
      socket.destroy();
      return;
    }
    const connection: Connection = {
      ...{ busy: false, waiting: [], latest: undefined, broken: false, over: false },
    };
    this.connections.set(socket, connection);
    this.unused.add(socket);
    this.accepted = true;
    socket.once('close', () => {
      connection.waiting.length = 0;
      this.forget(socket);
    });
    // A reader of a body resumes the whole connection.
    socket.on('resume', () => {
      if (connection.waiting.length >= MAX_WAITING && !connection.over) socket.pause();
    });
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
    if (this.connections.size < this.limits.maxConnections) return true;
    const [idle] = this.unused.size > 0 ? this.unused : this.resting;
    if (idle === undefined) return false;
    idle.destroy();
    this.forget(idle);
    return true;
  }

  private forget(socket: Socket): void {
    for (const sockets of [this.connections, this.unused, this.resting]) sockets.delete(socket);
  }

  private take(request: IncomingMessage, turn: Turn): void {
    const { socket } = request;
    const connection = this.connections.get(socket);
    if (connection === undefined || connection.over) return;
    connection.latest = request;
    this.queue(socket, connection, turn);
    if (connection.waiting.length >= MAX_WAITING) socket.pause();
  }

  private queue(socket: Socket, connection: Connection, turn: Turn): void {
    if (connection.busy) {
      connection.waiting.push(turn);
      return;
    }
    connection.busy = true;
    this.unused.delete(socket);
    this.resting.delete(socket);
    turn();
  }

  /** After an answer. Not at once: one read may contain hundreds of requests, and refusals take almost no time. */
  private next(socket: Socket): void {
    setImmediate(() => {
      const connection = this.connections.get(socket);
      if (connection === undefined || connection.over || socket.destroyed) return;
      if (socket.isPaused()) socket.resume();
      if (connection.waiting.length === 0 || this.draining) {
        connection.busy = false;
        this.resting.add(socket);
        if (connection.broken || this.draining) this.end(socket);
        return;
      }
      this.line.push(connection);
      if (this.line.length === 1) setImmediate(this.callNext);
    });
  }

  /** New connections come first: Node accepts one of them in each turn of the event loop. */
  private readonly callNext = (): void => {
    const comesFirst = this.accepted && this.held < MAX_HELD;
    this.accepted = false;
    this.held = comesFirst ? this.held + 1 : 0;
    // Its `waiting` is empty if the connection has ended in the meantime.
    if (!comesFirst) this.line.shift()?.waiting.shift()?.();
    if (this.line.length > 0) setImmediate(this.callNext);
  };

  private end(socket: Socket): void {
    const connection = this.connections.get(socket);
    if (connection === undefined || connection.over) return;
    connection.over = true;
    connection.waiting.length = 0;
    socket.once('finish', () => this.resting.add(socket));
    lingeringClose(socket);
  }

  /**
   * Nothing was received or sent for a while: the client does not read, or is idle, or a request is being carried
   * out, which has its own deadline.
   */
  private endIfStalled(socket: Socket): void {
    const connection = this.connections.get(socket);
    if (connection?.over === true) return;
    if (connection?.busy === true && socket.writableLength === 0) return;
    socket.destroy();
  }
}
