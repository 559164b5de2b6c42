import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Author } from '../audit/audit-records.js';
import { AppKeys } from '../crypto/app-keys.js';
import { canonicalize } from '../crypto/canonical.js';
import { describeError, LOGGER } from '../http/logger.js';
import { Ids } from '../runtime/ids.js';
import { VERSION } from '../runtime/version.js';
import { type FileEntry, FileEntries } from '../tenants/file-entries.js';
import { TenantCache } from '../tenants/tenant-cache.js';
import type { TenantChange } from '../tenants/tenant-change.js';
import { TenantStore } from '../tenants/tenant-store.js';
import { changesOf, TenantTrail } from './tenant-trail.js';
import type { TenantEntry } from './tenants-file.js';

/** Entries applied at a time, so that a first start with thousands of tenants does not take minutes. */
const AT_ONCE = 8;

/** One tenant of the file, or one that is no longer in it. */
interface Wanted {
  readonly id: string;
  readonly entry?: TenantEntry;
  /** Keyed hash of the entry; null if there is none. */
  readonly mark: string | null;
}

/**
 * Applies the tenants' file to the store, entry by entry, and records what it changes. An entry acts once: when it is
 * new, or when this instance saw it change. So an unchanged file never undoes changes made through the API, and a file
 * that is older than the one of another running instance does not undo that one (ADR 0035).
 */
@Injectable()
export class TenantsFileSync {
  private readonly instance: string;
  /** The marks of the entries that this instance read last; undefined before the first time. */
  private read: Map<string, string> | undefined;
  private file = '';
  private heldBack: ReadonlySet<string> = new Set();

  constructor(
    private readonly store: TenantStore,
    private readonly entries: FileEntries,
    private readonly cache: TenantCache,
    private readonly trail: TenantTrail,
    private readonly appKeys: AppKeys,
    private readonly ids: Ids,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.instance = ids.uuid();
  }

  /** Whether entries wait until no running instance has a newer file. */
  get waits(): boolean {
    return this.heldBack.size > 0;
  }

  /** Tells the other instances that this one runs, with its file. */
  async stillHere(): Promise<void> {
    if (this.file !== '') await this.entries.seen(this.instance, this.file);
  }

  async end(): Promise<void> {
    await this.entries.gone(this.instance);
  }

  /** @throws Error if an entry could not be applied; then apply the file again */
  async take(entries: readonly TenantEntry[]): Promise<void> {
    const marks = new Map(entries.map((entry) => [entry.id, this.markOf(entry)]));
    this.file = this.appKeys.hmac('tenant-file-entry', JSON.stringify([...marks].sort()));
    await this.stillHere();
    const known = await this.entries.find(this.instance);
    await this.entries.confirm(this.file, marks);

    const different = this.wanted(entries, marks, known).filter(
      ({ id, mark }) => (known.get(id)?.entry ?? null) !== mark,
    );
    const acting = different.filter((wanted) => this.acts(wanted, known.get(wanted.id)));
    this.holdBack(different.filter((wanted) => !acting.includes(wanted)).map(({ id }) => id));
    const failed = await this.applyAll(acting);

    const first = this.read === undefined;
    const before = this.read ?? new Map<string, string>();
    // An entry that failed is tried again for the same reason.
    this.read = new Map([...marks].filter(([id]) => first || !failed.has(id)));
    for (const [id, mark] of before) if (failed.has(id)) this.read.set(id, mark);
    await this.nameRetired(entries);
    const counts = { tenants: entries.length, changed: acting.length, held_back: this.heldBack.size };
    if (acting.length > 0 || first)
      this.logger.info({ ...counts, failed: failed.size }, 'tenants file applied');
    if (failed.size > 0) throw new Error('not every entry of the tenants file could be applied');
  }

  private wanted(
    entries: readonly TenantEntry[],
    marks: ReadonlyMap<string, string>,
    known: ReadonlyMap<string, FileEntry>,
  ): Wanted[] {
    const gone = [...known.keys()].filter((id) => !marks.has(id));
    return [
      ...entries.map((entry) => ({ id: entry.id, entry, mark: marks.get(entry.id) ?? null })),
      ...gone.map((id) => ({ id, mark: null })),
    ];
  }

  private acts({ id, mark }: Wanted, known: FileEntry | undefined): boolean {
    if (known === undefined) return true;
    const sawItChange = this.read !== undefined && (this.read.get(id) ?? null) !== mark;
    const isNew = mark !== null && !known.earlier.includes(mark);
    return sawItChange || isNew || !known.held;
  }

  private holdBack(ids: readonly string[]): void {
    for (const id of ids) {
      if (!this.heldBack.has(id))
        this.logger.error(
          { tenant_id: id },
          'the tenants file of this instance is older than that of another running one; its entry is not applied: give all instances the same file',
        );
    }
    this.heldBack = new Set(ids);
  }

  /** Returns the tenants whose entries failed: each apart, so that it does not affect the others. */
  private async applyAll(acting: readonly Wanted[]): Promise<Set<string>> {
    const by = this.author();
    const failed = new Set<string>();
    for (let start = 0; start < acting.length; start += AT_ONCE) {
      await Promise.all(
        acting.slice(start, start + AT_ONCE).map(async (wanted) => {
          try {
            await this.store.change(wanted.id, (change) => this.apply(change, wanted, by));
          } catch (error) {
            failed.add(wanted.id);
            this.logger.error(
              { tenant_id: wanted.id, error: describeError(error) },
              'an entry of the tenants file could not be applied',
            );
          } finally {
            this.cache.forget(wanted.id);
          }
        }),
      );
    }
    return failed;
  }

  private async apply(change: TenantChange, { id, entry, mark }: Wanted, by: Author): Promise<void> {
    // Another instance may have applied the same at this moment.
    if (((await change.find())?.file_entry ?? null) === mark) return;
    if (entry === undefined || mark === null) {
      const left = await change.leaveFile(this.file);
      if (left !== undefined && changesOf(left.before, left.after).length > 0)
        await this.trail.changed(change, by, null, left);
      return;
    }
    const put = await change.put(entry.settings, { entry: mark, file: this.file });
    if (changesOf(put.before, put.after).length > 0) await this.trail.changed(change, by, null, put);
    for (const row of put.retired) {
      this.logger.warn(
        { tenant_id: id, version: row.version },
        'token retired: the billing API changed its origin',
      );
      await this.trail.token(change, by, null, 'tenant.token.retired', row);
    }
    const token = await change.putToken(entry.token);
    if (token?.added === true) await this.trail.token(change, by, null, 'tenant.token.added', token.row);
  }

  /** At every start and change of the file, because such a token does nothing. */
  private async nameRetired(entries: readonly TenantEntry[]): Promise<void> {
    for (const [tenant_id, version] of await this.entries.retired(entries))
      this.logger.error(
        { tenant_id, version },
        'the token in the tenants file was retired and is not used: put a new one',
      );
  }

  private author(): Author {
    return {
      actor: { type: 'service', sub: 'tenants-file', client_id: null, scopes: [] },
      origin: { ip: '127.0.0.1', user_agent: `billing-bff/${VERSION}` },
      request_id: this.ids.uuid(),
      trace_id: this.ids.hex(16),
    };
  }

  private markOf({ id, settings, token }: TenantEntry): string {
    return this.appKeys.hmac(
      'tenant-file-entry',
      canonicalize({ id, ...settings, token: token.reveal() }) ?? '',
    );
  }
}
