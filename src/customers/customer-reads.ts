import { Injectable } from '@nestjs/common';
import type { AuditedRequest } from '../audit/audit-event.js';
import { provenanceOf } from '../audit/provenance.js';
import type { BillingAnswer } from '../billing/billing-answer.js';
import { listProblem, problemOf, readProblem, TOKEN_REJECTED } from '../billing/billing-problem.js';
import { type BillingCall, BillingClient, type BillingResult } from '../billing/billing.client.js';
import { Bulkhead, NO_SLOT } from '../billing/bulkhead.js';
import type { CustomerList } from '../billing/customer-list.dto.js';
import type { Customer } from '../billing/customer.dto.js';
import { TenantCredentials } from '../tenants/tenant-credentials.js';

/** Reads and lists customers, with the tenant's token and a bulkhead slot. */
@Injectable()
export class CustomerReads {
  constructor(
    private readonly credentials: TenantCredentials,
    private readonly bulkhead: Bulkhead,
    private readonly billing: BillingClient,
  ) {}

  /**
   * Reads a customer.
   * @throws Problem if it could not be read
   */
  async get(request: AuditedRequest, customerRef: string, deadline: number): Promise<Customer> {
    const answer = answerOf(await this.read(request, customerRef, deadline));
    if (answer.kind !== 'success') throw readProblem(answer);
    return answer.value;
  }

  /**
   * Reads one page of the customer list.
   * @throws Problem if it could not be read
   */
  async list(
    request: AuditedRequest,
    query: Readonly<Record<string, string>>,
    deadline: number,
  ): Promise<CustomerList> {
    const result = await this.ask(request, null, deadline, (call) => this.billing.listCustomers(call, query));
    const answer = answerOf(result);
    if (answer.kind !== 'success') throw listProblem(answer);
    return answer.value;
  }

  /** Undefined if the tenant has no token that may be used. */
  read(
    request: AuditedRequest,
    customerRef: string,
    deadline: number,
    operationId: string | null = null,
  ): Promise<BillingResult | undefined> {
    return this.ask(request, operationId, deadline, (call) => this.billing.readCustomer(call, customerRef));
  }

  private async ask<Value>(
    request: AuditedRequest,
    operationId: string | null,
    deadline: number,
    read: (call: BillingCall) => Promise<BillingResult<Value>>,
  ): Promise<BillingResult<Value> | undefined> {
    const tenant = await this.credentials.usableBy(request.principal.tenant, deadline);
    if (tenant === undefined) return undefined;
    const leave = await this.bulkhead.enter(tenant, deadline);
    if (leave === undefined) return { answer: NO_SLOT, tenant, attempts: 0, durationMs: 0 };
    const provenance = provenanceOf(request);
    return read({ tenant, provenance, operationId, trace: request.trace, deadline }).finally(leave);
  }
}

/** @throws Problem if there was no token */
function answerOf<Value>(result: BillingResult<Value> | undefined): BillingAnswer<Value> {
  if (result === undefined) throw problemOf(TOKEN_REJECTED);
  return result.answer;
}
