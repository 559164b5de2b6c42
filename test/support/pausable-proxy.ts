import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A TCP proxy on a port of its own that can cut, refuse or swallow what passes: a network that fails. */
export class PausableProxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private swallowing = false;
  private refusing = false;
  /** Told of every piece that comes from either side, before it is passed on. */
  onPiece: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {}

  static async start(target: { readonly host: string; readonly port: number }): Promise<PausableProxy> {
    const server = createServer();
    const proxy = new PausableProxy(server, target);
    server.on('connection', (client) => {
      proxy.take(client);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Resets every connection, and every new one. */
  cut(): void {
    this.refusing = true;
    this.reset();
  }

  /** Resets every connection; new ones work. */
  reset(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Takes connections and bytes, and passes nothing on. */
  swallow(): void {
    this.swallowing = true;
    for (const [client, target] of this.pairs) {
      client.unpipe(target).resume();
      target.unpipe(client).resume();
    }
  }

  /** New connections work again; those that were swallowed stay dead, as behind a firewall that forgot them. */
  heal(): void {
    this.swallowing = false;
    this.refusing = false;
  }

  async stop(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(client: Socket): void {
    if (this.refusing) {
      client.resetAndDestroy();
      return;
    }
    const target = connect(this.target);
    const pair = [client, target] as const;
    this.pairs.add(pair);
    for (const socket of pair) {
      socket.on('data', () => {
        this.onPiece();
      });
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
    if (this.swallowing) {
      client.resume();
      return;
    }
    client.pipe(target);
    target.pipe(client);
  }
}
