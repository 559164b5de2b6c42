import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Knows which connections have a request in flight. Node closes idle ones at a shutdown, but not those that
 * never sent a whole request: one silent connection would hold the process up.
 */
export class Connections {
  private readonly inFlight = new Map<Socket, number>();
  private readonly ending = new Set<Socket>();
  private draining = false;

  watch(server: Server): void {
    server.on('connection', (socket) => {
      this.inFlight.set(socket, 0);
      socket.once('close', () => {
        this.inFlight.delete(socket);
        this.ending.delete(socket);
      });
    });
    server.prependListener('request', ({ socket }, response) => {
      this.count(socket, 1);
      response.once('close', () => {
        this.count(socket, -1);
      });
    });
  }

  /** Ends every connection as soon as it has nothing in flight. */
  drain(): void {
    this.draining = true;
    for (const [socket, requests] of this.inFlight) if (requests === 0) socket.end();
  }

  /** Ends a connection once what it has in flight is answered; false when there is nothing to wait for. */
  endAfterAnswers(socket: Socket): boolean {
    if ((this.inFlight.get(socket) ?? 0) === 0) return false;
    this.ending.add(socket);
    return true;
  }

  private count(socket: Socket, change: 1 | -1): void {
    const requests = (this.inFlight.get(socket) ?? 0) + change;
    if (!this.inFlight.has(socket)) return;
    this.inFlight.set(socket, requests);
    if (requests === 0 && (this.draining || this.ending.has(socket))) socket.end();
  }
}
