import { Reconciler } from '../../../src/operations/reconciler.js';
import { PausableProxy } from '../pausable-proxy.js';
import type { SkippingClock } from '../skipping-clock.js';
import { startBff, type TestBff } from '../start-bff.js';

/** An instance that can die within this process: it loses the database and the billing API for ever, at once. */
export class MortalBff {
  dead = false;

  private constructor(
    readonly bff: TestBff,
    private readonly database: PausableProxy,
    private readonly billing: PausableProxy,
  ) {}

  /** @param home whose database and upstream it shares */
  static async start(home: TestBff, clock: SkippingClock): Promise<MortalBff> {
    const databaseUrl = new URL(home.databaseSettings['DATABASE_URL'] ?? '');
    const billingUrl = new URL(home.upstream.url);
    const [database, billing] = await Promise.all([proxyTo(databaseUrl), proxyTo(billingUrl)]);
    const settings = {
      DATABASE_URL: through(database, databaseUrl),
      BILLING_API_URL: billingOrigin(through(billing, billingUrl)),
    };
    const bff = await startBff({ besides: home, clock, settings, reconciles: true });
    return new MortalBff(bff, database, billing);
  }

  /** Nothing that it has in flight is sent or stored any more. */
  crash(): void {
    this.dead = true;
    this.database.onPiece = () => undefined;
    this.database.cut();
    this.billing.cut();
  }

  /** Lets it die in the middle of its talk with the database. */
  crashAfter(pieces: number): void {
    let left = pieces;
    this.database.onPiece = () => {
      left -= 1;
      if (left === 0) this.crash();
    };
  }

  spare(): void {
    this.database.onPiece = () => undefined;
  }

  /** What its reconciler does at the moment. */
  get reconciling(): Promise<void> {
    return this.bff.app.get(Reconciler)['poller'].idle;
  }

  async stop(): Promise<void> {
    await this.bff.stop();
    await Promise.all([this.database.stop(), this.billing.stop()]);
  }
}

function proxyTo({ hostname, port }: URL): Promise<PausableProxy> {
  return PausableProxy.start({ host: hostname, port: Number(port) });
}

function through({ port }: PausableProxy, target: URL): string {
  const url = new URL(target);
  url.port = String(port);
  return url.href;
}

function billingOrigin(url: string): string {
  return new URL(url).origin;
}
