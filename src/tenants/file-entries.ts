import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { AppKeys } from '../crypto/app-keys.js';
import { fromNow, NOW } from '../database/database-time.js';
import { Database } from '../database/database.js';
import { Clock } from '../runtime/clock.js';
import type { BillingToken } from './billing-token.js';
import { tokenFingerprint } from './tenant-change.js';

/** Milliseconds after which an instance that was not seen is no longer running. */
const RUNS_FOR = 30_000;
/** Milliseconds for which this instance was not seen itself: then the database was away, and nobody else was either. */
const AWAY = RUNS_FOR / 2;

/** A tenant that is or was in a tenants' file. */
export interface FileEntry {
  /** Keyed hash of the entry in force; null if the tenant left the file. */
  readonly entry: string | null;
  /** Entries that were in force before. */
  readonly earlier: readonly string[];
  /** Whether another instance that runs, or may run, has the file that this is from. */
  readonly held: boolean;
}

/** What the tenants' files of all instances have put in force, and which instances have which file. */
@Injectable()
export class FileEntries {
  /** When this instance was seen last, and until when others that were not seen may run, by the monotonic clock. */
  private seenAt: number | undefined;
  private othersMayRunUntil = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly appKeys: AppKeys,
    private readonly clock: Clock,
  ) {}

  /** By tenant. */
  async find(instance: string): Promise<Map<string, FileEntry>> {
    const rows = await this.database.kysely
      .selectFrom('tenant')
      .select(['id', 'file_entry as entry', 'earlier_file_entries as earlier'])
      .select((tenant) =>
        tenant
          .exists(
            tenant
              .selectFrom('tenants_file_reader as reader')
              .select('reader.instance')
              .whereRef('reader.file', '=', 'tenant.file')
              .where('reader.instance', '!=', instance)
              .where('reader.seen_at', '>', fromNow(-RUNS_FOR)),
          )
          .as('held'),
      )
      .where('file', 'is not', null)
      .execute();
    const mayRun = this.clock.monotonic() < this.othersMayRunUntil;
    return new Map(
      rows.map(({ id, entry, earlier, held }) => [id, { entry, earlier, held: mayRun || Boolean(held) }]),
    );
  }

  /** Notes that this file, too, has these entries, which are in force. */
  async confirm(file: string, entries: ReadonlyMap<string, string>): Promise<void> {
    await sql`
      update tenant set file = ${file}
      from unnest(${[...entries.keys()]}::text[], ${[...entries.values()]}::text[]) as confirmed (id, entry)
      where tenant.id = confirmed.id and file_entry = confirmed.entry and file <> ${file}`.execute(
      this.database.kysely,
    );
  }

  /** Notes that an instance runs and has this file. */
  async seen(instance: string, file: string): Promise<void> {
    await this.database.kysely
      .insertInto('tenants_file_reader')
      .values({ instance, file, seen_at: NOW })
      .onConflict((conflict) => conflict.column('instance').doUpdateSet({ file, seen_at: NOW }))
      .execute();
    const now = this.clock.monotonic();
    if (now - (this.seenAt ?? now) > AWAY) this.othersMayRunUntil = now + RUNS_FOR;
    this.seenAt = now;
  }

  /** Notes that an instance has stopped, and forgets those that were killed. */
  async gone(instance: string): Promise<void> {
    await this.database.kysely
      .deleteFrom('tenants_file_reader')
      .where((reader) =>
        reader.or([reader('instance', '=', instance), reader('seen_at', '<=', fromNow(-RUNS_FOR))]),
      )
      .execute();
  }

  /** The version of each of these tokens that was retired, by tenant. */
  async retired(
    tokens: readonly { readonly id: string; readonly token: BillingToken }[],
  ): Promise<Map<string, number>> {
    const fingerprints = new Map(
      tokens.map(({ id, token }) => [id, tokenFingerprint(this.appKeys, id, token)]),
    );
    const rows = await this.database.kysely
      .selectFrom('tenant_token')
      .select(['tenant_id', 'version', 'fingerprint'])
      .where('retired_at', 'is not', null)
      .execute();
    const found = rows.filter(({ tenant_id, fingerprint }) => fingerprints.get(tenant_id) === fingerprint);
    return new Map(found.map(({ tenant_id, version }) => [tenant_id, version]));
  }
}
