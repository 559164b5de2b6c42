import { Injectable } from '@nestjs/common';
import type { Change } from '../audit/audit-event.js';
import type { Author } from '../audit/audit-records.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { maskText } from '../audit/masks.js';
import type { PutTenant, TenantChange } from '../tenants/tenant-change.js';
import type { TenantRow, TokenRow } from '../tenants/tenant-rows.js';

/** Records changes of tenants in the trail of the tenant, in the transaction of the change. */
@Injectable()
export class TenantTrail {
  constructor(private readonly trail: AuditTrail) {}

  /** @param status HTTP status of the answer; null if there is no request */
  async changed(
    { transaction }: TenantChange,
    by: Author,
    status: number | null,
    { before, after }: Omit<PutTenant, 'retired'>,
  ): Promise<void> {
    const changes = changesOf(before, after);
    await this.trail.recordAdminAction(transaction, by, {
      action: 'tenant.changed',
      tenantId: after.id,
      status,
      changes,
    });
  }

  async token(
    { transaction }: TenantChange,
    by: Author,
    status: number | null,
    action: 'tenant.token.added' | 'tenant.token.retired',
    { tenant_id: tenantId, version, fingerprint }: TokenRow,
  ): Promise<void> {
    const credential = { version, fingerprint };
    await this.trail.recordAdminAction(transaction, by, {
      action,
      tenantId,
      status,
      changes: [],
      credential,
    });
  }
}

/** The changed fields, before and after: codes and addresses in clear, the name masked. */
export function changesOf(before: TenantRow | undefined, after: TenantRow): Change[] {
  const fields = [
    { field: 'name', show: ({ name }: TenantRow) => maskText(name), value: ({ name }: TenantRow) => name },
    ...(['status', 'billing_api_url', 'invoicing_entities'] as const).map((field) => ({
      field,
      show: (row: TenantRow) => row[field],
      value: (row: TenantRow) => JSON.stringify(row[field]),
    })),
  ];
  return fields
    .filter(({ value }) => before === undefined || value(before) !== value(after))
    .map(({ field, show }) => ({
      field,
      before: before === undefined ? null : show(before),
      after: show(after),
      effect: 'applied',
    }));
}
