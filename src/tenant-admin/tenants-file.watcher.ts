import { statSync } from 'node:fs';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { ENVIRONMENT, type Environment } from '../config/setting-reader.js';
import { describeError, LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { readTenantsFile, TenantsFileError } from './tenants-file.js';
import { TenantsFileSync } from './tenants-file.sync.js';

/** Milliseconds between two checks; a change must be applied within five seconds. */
const CHECK_EVERY = 2_000;

/** Applies TENANTS_FILE at start and after each change. An invalid file changes nothing and logs an error. */
@Injectable()
export class TenantsFileWatcher implements OnModuleInit, OnModuleDestroy {
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

  /** @throws TenantsFileError if the file does not exist at start */
  async onModuleInit(): Promise<void> {
    const path = this.config.tenantsFile;
    if (path === undefined) return;
    if (stampOf([path]) === '') throw new TenantsFileError([`${path} does not exist; correct TENANTS_FILE`]);
    await this.take(path);
    this.look(path);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    this.stop();
    if (this.config.tenantsFile !== undefined) await this.sync.end().catch(() => undefined);
  }

  private look(path: string): void {
    if (this.stopped) return;
    this.stop = this.clock.after(CHECK_EVERY, () => {
      void this.lookNow(path).finally(() => {
        this.look(path);
      });
    });
  }

  private async lookNow(path: string): Promise<void> {
    const changed = stampOf([path, ...this.tokenFiles]) !== this.seen;
    // While the database is down, other instances can't see that this one runs.
    if (changed || this.sync.waits) await this.take(path);
    else await this.sync.stillHere().catch(() => undefined);
  }

  private async take(path: string): Promise<void> {
    // A change during the read is found at the next check.
    const before = stampOf([path]);
    try {
      const { entries, tokenFiles } = readTenantsFile(path, this.config.billing, this.environment);
      this.tokenFiles = tokenFiles;
      this.seen = [before, stampOf(tokenFiles)].join('');
      await this.sync.take(entries);
    } catch (error) {
      const broken = error instanceof TenantsFileError;
      // If the file is valid but the database is down, the file is applied again later.
      this.seen = broken ? stampOf([path, ...this.tokenFiles]) : '';
      const faults = broken ? error.faults : [];
      this.logger.error(
        { faults, error: describeError(error) },
        'TENANTS_FILE is not usable; nothing changed',
      );
    }
  }
}

/** Changes when one of the files changes; empty if there is none. */
function stampOf(paths: readonly string[]): string {
  return paths.map((path) => stamp(path)).join('');
}

function stamp(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino}:${size}:${mtimeMs};`;
  } catch {
    // A file that can't be checked counts as missing; reading it later reports the reason.
    return '';
  }
}
