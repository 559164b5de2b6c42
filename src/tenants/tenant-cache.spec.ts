import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { ManualClock } from '../../test/support/manual-clock.js';
import { testConfig } from '../../test/support/test-config.js';
import { KeyRing } from '../crypto/key-ring.js';
import { TenantCache, TTL } from './tenant-cache.js';
import { tokenContext } from './tenant-change.js';
import type { TenantRow, TokenRow } from './tenant-rows.js';
import type { TenantStore } from './tenant-store.js';

const ring = new KeyRing([{ kid: 'k', key: randomBytes(32) }]);

/** A store that a test can empty, change, slow down and switch off. */
class FakeStore implements Pick<TenantStore, 'find'> {
  name = 'Acme';
  away = false;
  /** Whether its tenants have a token, which takes time to encrypt. */
  hasTokens = true;
  reads = 0;
  hold: Promise<void> = Promise.resolve();

  async find(id: string): Promise<{ tenant: TenantRow; token: TokenRow | undefined } | undefined> {
    this.reads += 1;
    const { name, away } = this;
    await this.hold;
    if (away) throw new Error('away');
    if (id === 'nobody') return undefined;
    const tenant: TenantRow = {
      id,
      name,
      status: 'active',
      billing_api_url: null,
      invoicing_entities: null,
      source: 'file',
      file_entry: null,
      earlier_file_entries: [],
      file: null,
    };
    if (!this.hasTokens) return { tenant, token: undefined };
    const { jwe, kid } = await ring.encrypt(Buffer.from(`token-of-${id}`), tokenContext(id, 1));
    const times = {
      created_at: new Date(),
      last_used_at: null,
      retired_at: null,
      rejected_at: null,
      probed_at: null,
    };
    return { tenant, token: { tenant_id: id, version: 1, token: jwe, kid, fingerprint: 'f', ...times } };
  }
}

describe('TenantCache', () => {
  let store: FakeStore;
  let clock: ManualClock;
  let cache: TenantCache;
  beforeEach(() => {
    store = new FakeStore();
    clock = new ManualClock();
    cache = new TenantCache(store, ring, testConfig(), clock, pino({ enabled: false }));
  });

  it('looks a tenant up once for many who ask at the same time', async () => {
    await Promise.all(Array.from({ length: 50 }, () => cache.find('acme')));
    expect((await cache.find('acme'))?.credential?.token.reveal()).toBe('token-of-acme');
    expect(store.reads).toBe(1);
  });

  it('looks an unknown tenant up once as well', async () => {
    for (let time = 0; time < 3; time += 1) {
      expect(await cache.find('nobody')).toBeNull();
    }
    expect(store.reads).toBe(1);
  });

  it('shows a change within the TTL even if nobody tells of it', async () => {
    await cache.find('acme');
    store.name = 'Changed';
    clock.advance(TTL);
    expect((await cache.find('acme'))?.name).toBe('Changed');
  });

  it('shows a change at once when told of it', async () => {
    await cache.find('acme');
    store.name = 'Changed';
    cache.forget('acme');
    expect((await cache.find('acme'))?.name).toBe('Changed');
  });

  it('serves what it holds while the database is away, and nothing after the TTL', async () => {
    await cache.find('acme');
    store.away = true;
    clock.advance(TTL - 1);
    expect((await cache.find('acme'))?.name).toBe('Acme');
    clock.advance(1);
    await expect(cache.find('acme')).rejects.toMatchObject({ slug: 'audit-unavailable', status: 503 });
    store.away = false;
    expect((await cache.find('acme'))?.name).toBe('Acme');
  });

  it('does not hold a look-up that a change overtook', async () => {
    let release: () => void = () => undefined;
    store.hold = new Promise((resolve) => {
      release = resolve;
    });
    const overtaken = cache.find('acme');
    store.name = 'Changed';
    cache.forget('acme');
    release();
    expect((await overtaken)?.name).toBe('Acme');
    expect((await cache.find('acme'))?.name).toBe('Changed');
  });

  it('holds a bounded number of tenants', async () => {
    store.hasTokens = false;
    for (let tenant = 0; tenant <= 5_000; tenant += 1) await cache.find(`t${tenant}`);
    const reads = store.reads;
    await cache.find('t5000');
    expect(store.reads).toBe(reads);
    await cache.find('t0');
    expect(store.reads).toBe(reads + 1);
  });
});
