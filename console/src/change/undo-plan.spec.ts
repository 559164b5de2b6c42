import type { Customer } from 'billing-bff-client';
import type { Change } from '../api.js';
import { undoPlan } from './undo-plan.js';

const NOW = {
  id: 'cus_1',
  name: 'New',
  phone: '+49 2',
  alias: 'third',
  is_tax_exempt: true,
  invoicing_emails: ['new@acme.test'],
  billing_address: { line1: 'New 1', city: null },
} as unknown as Customer;

const change = (
  field: string,
  before: unknown,
  after: unknown,
  effect: Change['effect'] = 'applied',
): Change => ({ field, effect, clear: { before, after } }) as Change;

it('puts back what still holds what was written', () => {
  const changes = [
    change('name', 'Old', 'New', 'normalised'),
    change('invoicing_emails', [], ['new@acme.test']),
    change('billing_address', { line1: 'Old 1', city: null }, { line1: 'New 1' }),
  ];
  expect(undoPlan(changes, NOW)).toEqual({
    patch: { name: 'Old', invoicing_emails: [], billing_address: { line1: 'Old 1' } },
    impossible: [],
  });
});

it('says what cannot be undone, and why', () => {
  const changes: Change[] = [
    change('phone', null, '+49 2'),
    change('alias', 'first', 'second'),
    change('is_tax_exempt', undefined, true),
    { field: 'vat_number', effect: 'applied' },
  ];
  const { patch, impossible } = undoPlan(changes, NOW);
  expect(patch).toEqual({});
  expect(impossible.map(({ field, why }) => `${field}: ${why}`)).toEqual([
    'phone: It was empty before, and the billing API cannot clear a field.',
    'alias: It has been changed again since.',
    'is_tax_exempt: The billing API never shows it, so nobody knows what it was before.',
    'vat_number: Its earlier value was not read, or was erased.',
  ]);
});

it('leaves alone what the operation did not change', () => {
  expect(undoPlan([change('name', 'Old', 'New', 'ignored')], NOW)).toEqual({ patch: {}, impossible: [] });
});
