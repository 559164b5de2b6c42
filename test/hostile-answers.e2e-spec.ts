import * as faults from './support/faults.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';
import { StatefulUpstream } from './support/stateful-upstream.js';
import { CUSTOMER } from './support/upstream.js';

/** As the wire has it: JSON.stringify would write half a pair out as an escape, too, but not every library does. */
const HALF = '\\ud800';

let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  bff = await startBff();
  upstream = new StatefulUpstream(bff.upstream);
});
beforeEach(() => {
  upstream.reset();
});
afterAll(() => bff.stop());

const shown = (field: string): string =>
  JSON.stringify({
    ...CUSTOMER,
    name: field === 'name' ? '@' : 'Stored',
    currency: field === 'currency' ? '@' : 'EUR',
    billing_address: field === 'country' ? { country: '@' } : null,
    custom_taxes: field === 'rate' ? [{ name: 'a', tax_code: 'b', rate: '@' }] : [],
  }).replace('@', `x${HALF}y`);

describe.each(['name', 'currency', 'country', 'rate'])(
  'half a surrogate pair in the billing API’s %s',
  (field) => {
    const patch = {
      ...{ name: 'New', currency: 'USD', billing_address: { country: 'DE' } },
      custom_taxes: [{ name: 'a', tax_code: 'b', rate: '1' }],
    };

    it('is shown as the replacement character', async () => {
      upstream.plan('GET', faults.before(faults.status(200, shown(field))));
      const headers = { Authorization: `Bearer ${await bff.idp.token({ scope: 'customers:read' })}` };
      const answer = await bff.send('GET', CUSTOMER_PATH, undefined, headers);
      expect(answer.status).toBe(200);
      expect(JSON.stringify(answer.body)).toContain('x\ufffdy');
    });

    it('stops no patch that reads it', async () => {
      upstream.plan('GET', faults.before(faults.status(200, shown(field))));
      expect((await bff.patch(patch)).status).toBe(200);
    });

    it('loses no outcome of a patch that is answered with it', async () => {
      upstream.plan('PATCH', faults.before(faults.status(200, shown(field))));
      const answer = await bff.patch(patch, { 'Idempotency-Key': `key-${field}` });
      expect(answer.status).toBe(200);
      const id = answer.headers.get('x-operation-id');
      const events = (await bff.events(0)).filter(({ operation_id }) => operation_id === id);
      expect(events.map(({ phase, outcome }) => [phase, outcome])).toEqual([
        ['intent', 'pending'],
        ['outcome', 'applied'],
      ]);
    });
  },
);

it('what is no code is masked like any other text', async () => {
  upstream.write({
    currency: 'anna@acme.test',
    billing_address: { country: 'anna@acme.test' },
    custom_taxes: [{ name: 'a', tax_code: 'b', rate: 'anna@acme.test' }],
    invoicing_entity_id: 'anna@acme.test',
  });
  await bff.patch({
    ...{ currency: 'USD', billing_address: { country: 'DE' }, custom_taxes: [] },
    invoicing_entity_id: 'ive_1',
  });
  expect(JSON.stringify(await bff.events(0))).not.toContain('acme.test');
});
