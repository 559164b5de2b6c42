import type { Caller } from '../auth/caller.js';
import type { Scope } from '../auth/scopes.js';
import { type Fault, pointerTo, Problem, summaryOf } from '../http/problem.js';
import { isObject } from '../http/rules.js';
import { PATCH_FIELDS, type PatchField } from './dto/patch-customer.dto.js';

/** Lets a caller write every field. */
const EVERY_FIELD: Scope = 'customers:write';

/** For each field the scope that is enough to write it. A new field does not compile without one. */
const SCOPE_OF: Readonly<Record<PatchField, Scope>> = {
  name: 'customers:write:contact',
  alias: 'customers:write:contact',
  billing_email: 'customers:write:contact',
  invoicing_emails: 'customers:write:contact',
  phone: 'customers:write:contact',
  billing_address: 'customers:write:contact',
  shipping_address: 'customers:write:contact',
  vat_number: 'customers:write:tax',
  custom_taxes: 'customers:write:tax',
  is_tax_exempt: 'customers:write:tax',
  currency: 'customers:write:billing',
  invoicing_entity_id: 'customers:write:billing',
};

/** Any of them opens the routes that patch; the fields are checked when the body is read. */
export const WRITE_SCOPES = [EVERY_FIELD, ...new Set(Object.values(SCOPE_OF))] as const;

/** The scopes of which one is enough to write the field. */
export function scopesFor(field: PatchField): readonly Scope[] {
  return [EVERY_FIELD, SCOPE_OF[field]];
}

/**
 * Refuses a body with fields that the caller may not write, whatever else is wrong with it: who may not write a field is
 * not told which values it takes. A name that is no field is a fault of validation, not of scopes.
 * @throws Problem field-forbidden, with every such field
 */
export function refuseForbiddenFields(body: unknown, { scopes }: Pick<Caller, 'scopes'>): void {
  if (!isObject(body) || scopes.includes(EVERY_FIELD)) return;
  const forbidden = PATCH_FIELDS.filter(
    (field) => Object.hasOwn(body, field) && !scopes.includes(SCOPE_OF[field]),
  );
  const [first, ...others] = forbidden.map(faultOf);
  if (first === undefined) return;
  const missing = [...new Set(forbidden.map((field) => SCOPE_OF[field]))].join(' ');
  throw new Problem('field-forbidden', summaryOf([first, ...others]), {
    errors: [first, ...others],
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${missing}"` },
  });
}

function faultOf(field: PatchField): Fault {
  const detail = `needs the scope ${scopesFor(field).join(' or ')}`;
  return { pointer: pointerTo(field), code: 'forbidden', detail };
}
