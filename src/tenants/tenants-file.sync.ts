import { Inject, Injectable } from '@nestjs/common';
import { canonicalize } from '../crypto/canonical.js';
import type { Logger } from 'pino';
import { AppKeys } from '../crypto/app-keys.js';
import { describeError, LOGGER } from '../http/logger.js';
import { TenantStore } from './tenant-store.js';
import { TenantCache } from './tenant-cache.js';
import type { TenantEntry } from './tenants-file.js';

/** Entries applied at a time, so that a first start with thousands of tenants does not take minutes. */
const AT_ONCE = 8;

/**
 * Applies the tenants' file to the store, entry by entry. An entry is applied only if it differs from the entry last
 * applied. So an unchanged file never undoes changes made through the API, and a token that the store has seen
 * before, above all a retired one, is never added again.
 */
@Injectable()
export class TenantsFileSync {
  constructor(
    private readonly store: TenantStore,
    private readonly cache: TenantCache,
    private readonly appKeys: AppKeys,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws Error if an entry could not be applied; then apply the file again */
  async take(entries: readonly TenantEntry[]): Promise<void> {
    const taken = await this.store.takenFileEntries();
    const changed = entries
      .map((entry) => ({ entry, mark: this.markOf(entry) }))
      .filter(({ entry, mark }) => taken.get(entry.id) !== mark);
    const named = new Set(entries.map(({ id }) => id));
    const gone = [...taken.keys()].filter((id) => !named.has(id));
    const tasks = [
      ...changed.map(
        ({ entry, mark }) =>
          () =>
            this.apart(entry.id, () => this.takeEntry(entry, mark)),
      ),
      ...gone.map((id) => () => this.apart(id, () => this.store.change(id, (change) => change.leaveFile()))),
    ];
    let failed = 0;
    for (let start = 0; start < tasks.length; start += AT_ONCE) {
      const results = await Promise.all(tasks.slice(start, start + AT_ONCE).map((task) => task()));
      failed += results.filter((done) => !done).length;
    }
    const counts = { tenants: entries.length, changed: changed.length, gone: gone.length, failed };
    this.logger.info(counts, 'tenants file applied');
    if (failed > 0) throw new Error('not every entry of the tenants file could be applied');
  }

  private async takeEntry({ id, settings, token }: TenantEntry, mark: string): Promise<void> {
    await this.store.change(id, async (change) => {
      const { retired } = await change.put(settings, 'file', mark);
      if (retired > 0)
        this.logger.warn({ tenant_id: id, retired }, 'tokens retired: the billing API changed its origin');
      const fingerprint = change.fingerprintOf(token);
      const known = (await change.versions()).find((row) => row.fingerprint === fingerprint);
      if (known === undefined) await change.addToken(token);
      else if (known.retired_at !== null) {
        this.logger.error(
          { tenant_id: id, version: known.version },
          'the token in the tenants file was retired: put a new one',
        );
      }
    });
  }

  /** A failure of one entry does not affect the others. Returns whether it was applied. */
  private async apart(id: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.logger.error(
        { tenant_id: id, error: describeError(error) },
        'an entry of the tenants file could not be applied',
      );
      return false;
    } finally {
      this.cache.forget(id);
    }
  }

  private markOf({ id, settings, token }: TenantEntry): string {
    return this.appKeys.hmac(
      'tenant-file-entry',
      canonicalize({ id, ...settings, token: token.reveal() }) ?? '',
    );
  }
}
