import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { CHANNELS } from '../database/notifications.js';
import { TenantCache } from './tenant-cache.js';

/** Removes tenants that other instances changed from the cache; all of them when notifications may have been lost. */
@Injectable()
export class TenantChanges {
  constructor({ notifications }: Database, cache: TenantCache) {
    notifications.subscribe(CHANNELS.tenantChanged, {
      heard: (tenantId) => {
        cache.forget(tenantId);
      },
      missed: () => {
        cache.forgetAll();
      },
    });
  }
}
