import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Environment } from '../config/setting-reader.js';
import { describeError } from '../http/logger.js';
import type { Clock } from '../runtime/clock.js';
import type { TenantDirectory } from './tenant-directory.js';
import { readTenantsFile, TenantsFileError } from './tenants-file.js';

/** Milliseconds between two looks; the promise is that a change acts within five seconds. */
const LOOK_EVERY = 2_000;

/** Keeps the directory equal to TENANTS_FILE. A file that breaks later changes nothing and is an error line. */
export class TenantsFileWatcher {
  private seen = '';
  private stop: () => void = () => undefined;

  constructor(
    private readonly config: Config,
    private readonly environment: Environment,
    private readonly directory: TenantDirectory,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** @throws TenantsFileError when the file is not usable at start */
  onModuleInit(): void {
    const path = this.config.tenantsFile;
    if (path === undefined) return;
    this.seen = stamp(path);
    this.load(path);
    this.look(path);
  }

  onModuleDestroy(): void {
    this.stop();
  }

  private load(path: string): void {
    const tenants = readTenantsFile(path, this.config.billing, this.environment);
    this.directory.replace(tenants);
    this.logger.info({ tenants: tenants.length }, 'tenants loaded');
  }

  private look(path: string): void {
    this.stop = this.clock.after(LOOK_EVERY, () => {
      const now = stamp(path);
      if (now !== this.seen) this.reload(path, now);
      this.look(path);
    });
  }

  private reload(path: string, now: string): void {
    this.seen = now;
    try {
      this.load(path);
    } catch (error) {
      const faults = error instanceof TenantsFileError ? error.faults : [];
      this.logger.error(
        { faults, error: describeError(error) },
        'the changed TENANTS_FILE is not usable; nothing changed',
      );
    }
  }
}

/** Changes whenever the file does; empty while there is none. */
function stamp(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
}
