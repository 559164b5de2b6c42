import { CUSTOMER_PATH, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { StatefulUpstream } from './support/stateful-upstream.js';
import { CUSTOMER } from './support/upstream.js';

let bff: TestBff;
let upstream: StatefulUpstream;
let undone: string;
beforeAll(async () => {
  bff = await startBff({ settings: { CUSTOMER_PRE_READ: 'never' } });
  upstream = new StatefulUpstream(bff.upstream);
});
beforeEach(async () => {
  upstream.reset();
  undone = operationOf(await bff.patch({ name: 'Wrong' }));
});
afterAll(() => bff.stop());

const operationOf = ({ headers }: TestAnswer): string => headers.get('x-operation-id') ?? '';
const eventsOf = async (id: string): Promise<object[]> =>
  (await bff.events(0)).filter(({ operation_id }) => operation_id === id);
const FAULT = { header: 'X-Reverts-Operation', code: 'not-allowed' };

it.each([CUSTOMER_PATH, '/api/v1/customers/acme'])('is recorded in intent and outcome: %s', async (path) => {
  const patched = await bff.send('PATCH', path, { name: CUSTOMER.name }, { 'X-Reverts-Operation': undone });
  expect(patched.status).toBe(200);
  const recorded = [
    { phase: 'intent', reverts: undone },
    { phase: 'outcome', reverts: undone },
  ];
  expect(await eventsOf(operationOf(patched))).toMatchObject(recorded);
  for (const event of await eventsOf(undone)) expect(event).not.toHaveProperty('reverts');
});

it.each(['', 'x', '00000000-0000-7000-8000-000000000000'])(
  'is 400 if there is no such operation: %j',
  async (id) => {
    upstream.reset();
    const answer = await bff.patch({ name: 'x' }, { 'X-Reverts-Operation': id });
    expect(answer).toMatchObject({ status: 400, body: { errors: [FAULT] } });
    expect(upstream.methods).toEqual([]);
  },
);

it('is 400 if the operation is of another customer or tenant', async () => {
  const header = { 'X-Reverts-Operation': undone };
  const ofAnother = await bff.send('PATCH', '/api/v1/customers/cus_1', { name: 'x' }, header);
  expect(ofAnother).toMatchObject({ status: 400, body: { errors: [FAULT], outcome: 'rejected' } });
  const Authorization = `Bearer ${await bff.idp.token({ tenant_id: 'globex' })}`;
  const ofGlobex = await bff.patch({ name: 'x' }, { ...header, Authorization });
  expect(ofGlobex).toMatchObject({ status: 400, body: { errors: [FAULT] } });
  expect(upstream.methods).toEqual(['PATCH']);
});

it('belongs to the request of an idempotency key', async () => {
  const key = { 'Idempotency-Key': 'undo-1' };
  expect((await bff.patch({ name: 'y' }, key)).status).toBe(200);
  expect((await bff.patch({ name: 'y' }, { ...key, 'X-Reverts-Operation': undone })).status).toBe(422);
});

it('is checked and recorded by a preview, too', async () => {
  const header = { 'X-Reverts-Operation': undone };
  const preview = (id: string): Promise<TestAnswer> =>
    bff.send('POST', `/api/v1/customers/${id}/preview`, { name: 'x' }, header);
  const shown = await preview(CUSTOMER.id);
  expect(await eventsOf(operationOf(shown))).toMatchObject([
    { action: 'customer.patch.previewed', reverts: undone },
  ]);
  expect(await preview('cus_1')).toMatchObject({ status: 400, body: { errors: [FAULT] } });
});
