import { SEED_ENTITY } from './seeds.js';

/**
 * The contract's patch: its twelve fields. Most values contain the number of the run (nine random digits), so that
 * every run changes something and the alias is free.
 */
export function freshPatch(run: number, currencies: readonly string[]): Record<string, unknown> {
  const digits = (count: number): string => String(run).slice(-count);
  const address = {
    city: 'Berlin',
    country: 'DE',
    line1: `Musterweg ${digits(3)}`,
    line2: `Tür ${digits(2)}`,
    state: 'BE',
    zip_code: `1${digits(4)}`,
  };
  return {
    alias: `ada-engines-${run.toString(36)}`,
    billing_address: address,
    billing_email: `ada+${run}@engines.test`,
    currency: currencies[run % currencies.length] ?? 'EUR',
    custom_taxes: [{ name: 'VAT', rate: `19.${digits(3)}`, tax_code: `DE-${digits(4)}` }],
    invoicing_emails: [`invoices+${run}@engines.test`],
    invoicing_entity_id: SEED_ENTITY,
    is_tax_exempt: run % 2 === 0,
    name: `Ada Example Engines No. ${run}`,
    phone: `+49 30 5${digits(7)}`,
    shipping_address: { same_as_billing: false, address: { ...address, line2: `Tor ${digits(2)}` } },
    vat_number: `DE${digits(9)}`,
  };
}
