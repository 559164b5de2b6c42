import { type BillingApi, startBillingApi } from './billing-api.js';
import { ADA_ANSWER, call, error, NOW, ok, TENANTS, UNAUTHORIZED } from './billing-fixture.js';
import { listOf, members } from './shape.js';

let api: BillingApi;
beforeEach(async () => {
  api = await startBillingApi({ tenants: TENANTS, now: () => NOW });
});
afterEach(() => api.close());

const BARE_ANSWER = {
  ...ADA_ANSWER,
  id: 'cus_2',
  name: 'Bare',
  alias: null,
  billing_email: null,
  invoicing_emails: [],
  billing_address: null,
  custom_taxes: [],
  vat_number: null,
};

/** The ids that are listed. */
async function listed(query: string): Promise<unknown[]> {
  const { data } = members((await call(api, query)).body, 'body');
  return listOf(members)(data, 'data').map(({ id }) => id);
}

const ADA_ID = ADA_ANSWER.id;

it("lists the tenant's own customers, the newest first (U18)", async () => {
  expect(await call(api, '?')).toEqual(
    ok({
      data: [BARE_ANSWER, ADA_ANSWER],
      pagination_meta: { page: 0, per_page: 10, total_items: 2, total_pages: 1 },
    }),
  );
});

it('gives one page, and an empty one behind the last', async () => {
  const meta = { per_page: 1, total_items: 2, total_pages: 2 };
  expect(await call(api, '?page=1&per_page=1')).toEqual(
    ok({ data: [ADA_ANSWER], pagination_meta: { page: 1, ...meta } }),
  );
  expect(await call(api, '?page=2&per_page=1')).toEqual(
    ok({ data: [], pagination_meta: { page: 2, ...meta } }),
  );
});

it('searches names and aliases without regard to case', async () => {
  expect(await listed('?search=BAR')).toEqual(['cus_2']);
  expect(await listed('?search=ada')).toEqual([ADA_ID]);
  expect(await listed('?search=nobody+at%20all')).toEqual([]);
});

it('tells archived customers from live ones, when asked', async () => {
  expect(await listed('?archived=true')).toEqual(['cus_2']);
  expect(await listed('?archived=false')).toEqual([ADA_ID]);
});

it.each([
  ['name.asc', [ADA_ID, 'cus_2']],
  ['name.desc', ['cus_2', ADA_ID]],
  ['email.asc', [ADA_ID, 'cus_2']],
  ['alias.desc', ['cus_2', ADA_ID]],
  ['created_at.asc', [ADA_ID, 'cus_2']],
])('orders by %s', async (order, ids) => {
  expect(await listed(`?order_by=${order}`)).toEqual(ids);
});

it.each(['name', 'name.up', 'toString.asc', 'id.asc', ''])(
  'refuses order_by=%s in its own JSON',
  async (order) => {
    expect(await call(api, `?order_by=${order}`)).toEqual(error(400, 'BAD_REQUEST', 'Invalid order_by'));
  },
);

it.each(['page=-1', 'page=x', 'page=', 'per_page=0', 'per_page=101', 'archived=maybe'])(
  'refuses %s in text',
  async (query) => {
    expect(await call(api, `?${query}`)).toEqual({
      status: 400,
      type: 'text/plain; charset=utf-8',
      body: 'Failed to deserialize query string: a value is not valid',
    });
  },
);

it('refuses an unknown token, and any other method', async () => {
  expect(await call(api, '?', { token: 'other' })).toEqual(UNAUTHORIZED);
  expect(await call(api, '?', { method: 'POST' })).toEqual({ status: 405, type: null, body: '' });
});
