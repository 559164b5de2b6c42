import { statSync } from 'node:fs';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { ENVIRONMENT, type Environment } from '../config/setting-reader.js';
import { describeError, LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { readTenantsFile, TenantsFileError } from './tenants-file.js';
import { TenantsFileSync } from './tenants-file.sync.js';

/** Milliseconds between two looks; the promise is that a change acts within five seconds. */
const LOOK_EVERY = 2_000;

/** Takes TENANTS_FILE at start and whenever it changes. One that is broken changes nothing and is an error line. */
@Injectable()
export class TenantsFileWatcher {
  private seen = '';
  private tokenFiles: readonly string[] = [];
  private stop: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly config: Config,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    private readonly sync: TenantsFileSync,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws TenantsFileError when there is no such file at start */
  async onModuleInit(): Promise<void> {
    const path = this.config.tenantsFile;
    if (path === undefined) return;
    if (stampOf([path]) === '') throw new TenantsFileError([`${path} does not exist; correct TENANTS_FILE`]);
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
    if (stampOf([path, ...this.tokenFiles]) !== this.seen) await this.take(path);
  }

  private async take(path: string): Promise<void> {
    // What changes while it is being read shows at the next look.
    const before = stampOf([path]);
    try {
      const { entries, tokenFiles } = readTenantsFile(path, this.config.billing, this.environment);
      this.tokenFiles = tokenFiles;
      this.seen = [before, stampOf(tokenFiles)].join('');
      await this.sync.take(entries);
    } catch (error) {
      const broken = error instanceof TenantsFileError;
      // A good file with the database away is looked at again.
      this.seen = broken ? stampOf([path, ...this.tokenFiles]) : '';
      const faults = broken ? error.faults : [];
      this.logger.error(
        { faults, error: describeError(error) },
        'TENANTS_FILE is not usable; nothing changed',
      );
    }
  }
}

/** Changes whenever one of the files does; empty while there is none. */
function stampOf(paths: readonly string[]): string {
  return paths.map((path) => stamp(path)).join('');
}

function stamp(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino}:${size}:${mtimeMs};`;
  } catch {
    // Whatever the reason: what can't be looked at is not there, and reading it says more.
    return '';
  }
}
