import { Injectable } from '@nestjs/common';
import type { Transaction } from 'kysely';
import type { AuditedRequest } from '../audit/audit-event.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { CustomerAliases, targetOf } from '../audit/customer-aliases.js';
import { CustomerCipher } from '../crypto/customer-cipher.js';
import { Database } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { Problem } from '../http/problem.js';
import { IdempotencyKeys } from '../idempotency/idempotency-keys.js';

/**
 * Erases the personal data of a customer, and records it, in one transaction: all of it or nothing. From then on no
 * instance encrypts with the destroyed key: they hear of it, and use no cached key while they can't hear.
 */
@Injectable()
export class Erasure {
  constructor(
    private readonly database: Database,
    private readonly cipher: CustomerCipher,
    private readonly answers: IdempotencyKeys,
    private readonly aliases: CustomerAliases,
    private readonly trail: AuditTrail,
  ) {}

  /** @throws Problem audit-unavailable; then nothing is erased, or all of it */
  async erase(request: AuditedRequest, customerId: string): Promise<void> {
    const tenantId = request.principal.tenant.id;
    const target = targetOf(customerId);
    const access = { action: 'personal-data.erased', target, status: 204, changes: [] } as const;
    const key = await this.database.kysely
      .transaction()
      .execute(async (transaction) => {
        const operations = operationsAbout(transaction, tenantId, customerId);
        await this.answers.forgetAnswersOf(transaction, tenantId, operations);
        await forgetSnapshots(transaction, tenantId, operations);
        await this.aliases.forget(transaction, tenantId, customerId);
        await this.trail.recordErasure(transaction, request, access);
        return this.cipher.destroyKey(transaction, tenantId, customerId);
      })
      .catch(notKnown);
    this.cipher.forgetKey(key);
  }
}

/** The answer to the commit may be lost. */
function notKnown(cause: unknown): never {
  const detail = 'It is not known whether the data are erased: send the request again.';
  throw new Problem('audit-unavailable', detail, { retryAfterS: 5, cause });
}

type Operations = ReturnType<typeof operationsAbout>;

/** A query for the operations whose trail names the customer. */
function operationsAbout(transaction: Transaction<Schema>, tenantId: string, customerId: string) {
  return transaction
    .selectFrom('audit_record')
    .select((event) => event.ref('operation_id').$notNull().as('operation_id'))
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
    .where('operation_id', 'is not', null)
    .$asScalar();
}

/** Those of open operations that have a key of their own, because the customer's could not be used. */
async function forgetSnapshots(
  transaction: Transaction<Schema>,
  tenantId: string,
  operations: Operations,
): Promise<void> {
  await transaction
    .updateTable('operation')
    .set({ own_key: null, own_kid: null, encrypted: null })
    .where('tenant_id', '=', tenantId)
    .where('own_key', 'is not', null)
    .where('id', 'in', operations)
    .execute();
}
