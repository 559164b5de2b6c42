import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { principalOf } from '../auth/access-token.guard.js';
import { validateDto } from '../http/dto-validation.js';
import { JsonBodyPipe } from '../http/json-body.pipe.js';
import { type Fault, pointerTo, refuseFaults } from '../http/problem.js';
import type { Tenant } from '../tenants/tenant.js';
import { PatchCustomerDto } from './dto/patch-customer.dto.js';
import { refuseForbiddenFields } from './field-scopes.js';

/**
 * The body of a patch, with only fields that the caller may write. Reports every fault at once, including those of the
 * tenant's own rules.
 */
@Injectable()
export class PatchBodyPipe extends JsonBodyPipe {
  protected override read(body: unknown, request: FastifyRequest): PatchCustomerDto {
    const { caller, tenant } = principalOf(request);
    refuseForbiddenFields(body, caller);
    return readPatch(body, tenant);
  }
}

/** @throws Problem validation-failed */
export function readPatch(
  body: unknown,
  tenant: Pick<Tenant, 'invoicingEntities'> | undefined,
): PatchCustomerDto {
  const { dto, faults } = validateDto(PatchCustomerDto, body);
  const all = [
    ...faults.map(withWayOut),
    ...emptyPatch(body),
    ...foreignInvoicingEntity(dto, faults, tenant),
  ];
  refuseFaults(all);
  return dto;
}

/** Only a field of the patch itself keeps its value when it is left out: lists and addresses are replaced whole (U5). */
function withWayOut(fault: Fault): Fault {
  const isField = 'pointer' in fault && fault.pointer.lastIndexOf('/') === 1;
  if (fault.code !== 'null' || !isField) return fault;
  return { ...fault, detail: `${fault.detail}; leave the field out to keep its value` };
}

/** The billing API records an activity and publishes an event even for an empty patch (U4). */
function emptyPatch(body: unknown): Fault[] {
  const empty =
    typeof body === 'object' && body !== null && Object.keys(body).length === 0 && !Array.isArray(body);
  return empty ? [{ pointer: '#', code: 'empty', detail: 'must change at least one field' }] : [];
}

/** The billing API does not check the owner of an invoicing entity (U7). */
function foreignInvoicingEntity(
  { invoicing_entity_id: id }: PatchCustomerDto,
  faults: readonly Fault[],
  tenant: Pick<Tenant, 'invoicingEntities'> | undefined,
): Fault[] {
  const pointer = pointerTo('invoicing_entity_id');
  const malformed = faults.some((fault) => 'pointer' in fault && fault.pointer === pointer);
  const listed = tenant?.invoicingEntities;
  if (id === undefined || malformed || listed === undefined || listed.includes(id)) return [];
  return [{ pointer, code: 'not-allowed', detail: "must be one of the tenant's invoicing entities" }];
}
