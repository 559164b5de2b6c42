import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Environment } from '../config/setting-reader.js';
import { describeError } from '../http/logger.js';
import type { Clock } from '../runtime/clock.js';
import { readTenantsFile, TenantsFileError } from './tenants-file.js';
import type { TenantsFileSync } from './tenants-file.sync.js';

/** Milliseconds between two looks; the promise is that a change acts within five seconds. */
const LOOK_EVERY = 2_000;

/** Takes TENANTS_FILE at start and whenever it changes. One that is broken changes nothing and is an error line. */
export class TenantsFileWatcher {
  private seen = '';
  private stop: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly config: Config,
    private readonly environment: Environment,
    private readonly sync: TenantsFileSync,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** @throws TenantsFileError when there is no such file at start */
  async onModuleInit(): Promise<void> {
    const path = this.config.tenantsFile;
    if (path === undefined) return;
    this.seen = stamp(path);
    if (this.seen === '') throw new TenantsFileError([`${path} does not exist; correct TENANTS_FILE`]);
    await this.take(path);
    this.look(path);
  }

  onModuleDestroy(): void {
    this.stopped = true;
    this.stop();
  }

  private look(path: string): void {
    if (this.stopped) return;
    this.stop = this.clock.after(LOOK_EVERY, () => {
      void this.lookNow(path).finally(() => {
        this.look(path);
      });
    });
  }

  private async lookNow(path: string): Promise<void> {
    const now = stamp(path);
    if (now === this.seen) return;
    this.seen = now;
    await this.take(path);
  }

  private async take(path: string): Promise<void> {
    try {
      await this.sync.take(readTenantsFile(path, this.config.billing, this.environment));
    } catch (error) {
      const faults = error instanceof TenantsFileError ? error.faults : [];
      this.logger.error(
        { faults, error: describeError(error) },
        'TENANTS_FILE is not usable; nothing changed',
      );
      // The file may be good and the database away: look again.
      if (!(error instanceof TenantsFileError)) this.seen = '';
    }
  }
}

/** Changes whenever the file does; empty while there is none. */
function stamp(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
}
