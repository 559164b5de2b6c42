import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { StatefulUpstream } from './support/stateful-upstream.js';
import { pointersOf } from './support/test-answer.js';

let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  bff = await startBff({ settings: { CUSTOMER_PRE_READ: 'never' } });
  upstream = new StatefulUpstream(bff.upstream);
});
beforeEach(() => {
  upstream.reset();
});
afterAll(() => bff.stop());

const patchIf = (ifMatch: string, patch: object = { name: 'New' }): Promise<TestAnswer> =>
  bff.patch(patch, { 'If-Match': ifMatch });

/** The tag of the customer as it is, from a patch that changes nothing. */
async function currentTag(): Promise<string> {
  const answer = await patchIf('*', { name: upstream.customer['name'] });
  bff.upstream.requests.length = 0;
  return answer.headers.get('etag') ?? '';
}

it('patches the customer that the tag names, and answers the next tag', async () => {
  const tag = await currentTag();
  const answer = await patchIf(tag);

  expect(answer).toMatchObject({ status: 200, body: { name: 'New' } });
  expect(answer.headers.get('etag')).toMatch(/^"[\w-]+"$/);
  expect(answer.headers.get('etag')).not.toBe(tag);
  expect(await currentTag()).toBe(answer.headers.get('etag'));
});

it('refuses with the names of the fields that moved, and sends nothing', async () => {
  const tag = await currentTag();
  upstream.write({ phone: '+49 30 1', billing_address: { city: 'Berlin' } });
  const answer = await patchIf(tag);

  expect(answer).toMatchObject({
    status: 412,
    body: { type: 'urn:billing-bff:problem:precondition-failed', code: 'CONFLICT', outcome: 'rejected' },
  });
  expect(pointersOf(answer)).toEqual(['#/phone', '#/billing_address']);
  expect(JSON.stringify(answer.body)).not.toContain('Berlin');
  expect(upstream.methods).toEqual(['GET']);
  const id = answer.headers.get('x-operation-id');
  const events = (await bff.events(0)).filter(({ operation_id }) => operation_id === id);
  expect(events).toMatchObject([{ phase: 'outcome', outcome: 'rejected', status: 412 }]);
});

it.each([
  ['a tag of nobody', '"abc"'],
  ['an empty tag', '""'],
  ['tags of nobody', '"a", W/"b","c,d"'],
])('refuses %s', async (_what, ifMatch) => {
  const answer = await patchIf(ifMatch);

  expect(answer.status).toBe(412);
  expect(answer.body).not.toHaveProperty('errors');
  expect(upstream.methods).toEqual(['GET']);
});

it.each(['W/"T"', '"T-gzip"', '"T--gzip"', '"T;br"', 'W/"T-br"', '"T:deflate"', '"a", W/"T"'])(
  'says so when a proxy changed a tag of ours: %s',
  async (form) => {
    const altered = form.replace('T', (await currentTag()).slice(1, -1));
    const detail = expect.stringMatching(/^A proxy changed the ETag in If-Match/) as unknown;
    const answer = await patchIf(altered);
    expect(answer).toMatchObject({ status: 412, body: { detail } });
    expect(answer.body).not.toHaveProperty('errors');
    upstream.write({ phone: '+49 30 2' });
    const moved = await patchIf(altered);
    expect(moved).toMatchObject({ status: 412, body: { detail } });
    expect(pointersOf(moved)).toEqual(['#/phone']);
    expect(upstream.methods).toEqual(['GET', 'GET']);
  },
);

it('takes any of a list', async () => {
  expect((await patchIf(`"a,b" , ,W/"x",${await currentTag()}`)).status).toBe(200);
});

it.each(['abc', '"abc', 'W/*', '"a" "b"', ',', '*, "a"', '"a"b'])(
  'says that this is no If-Match: %s',
  async (bad) => {
    const answer = await patchIf(bad);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ header: 'If-Match' }] } });
    expect(upstream.methods).toEqual([]);
  },
);

it('takes a hundred tags, and says so of more', async () => {
  const tags = (count: number): string => Array.from({ length: count }, (_, n) => `"${n}"`).join();
  expect((await patchIf(tags(100))).status).toBe(412);
  const answer = await patchIf(tags(101));
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ code: 'too-many' }] } });
});

it('covers every field but is_tax_exempt', async () => {
  const tag = await currentTag();
  for (const change of [
    { name: 'x' },
    { alias: 'x' },
    { billing_email: 'x@x.test' },
    { invoicing_emails: ['x@x.test'] },
    { phone: '123' },
    { currency: 'USD' },
    { invoicing_entity_id: 'ive_1' },
    { vat_number: 'x' },
    { custom_taxes: [{ name: 'x', tax_code: 'x', rate: 1 }] },
    { billing_address: {} },
    { shipping_address: { same_as_billing: true } },
  ]) {
    upstream.reset();
    upstream.write(change);
    expect(pointersOf(await patchIf(tag))).toEqual(Object.keys(change).map((field) => `#/${field}`));
  }
});

it('lets ten with the same tag race: one is applied', async () => {
  const tag = await currentTag();
  const names = Array.from({ length: 10 }, (_, n) => `Name ${n}`);
  const answers = await Promise.all(names.map((name) => patchIf(tag, { name })));

  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
  expect(bff.upstream.patches).toHaveLength(1);
});
