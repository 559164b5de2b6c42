import { linkTo, type Route, routeOf } from './router.js';

it.each<Route>([
  { page: 'customers' },
  { page: 'changes' },
  { page: 'customer', id: 'cus_1' },
  { page: 'customer', id: 'an alias/with # and % and ?' },
  { page: 'operation', id: '01', customer: 'cus_1' },
  { page: 'undo', id: '01', customer: 'ünïcode' },
])('leads to %j', (route) => {
  expect(routeOf(linkTo(route))).toEqual(route);
});

it('leaves what follows ? to the page', () => {
  expect(routeOf('#/customer/cus_1?field=phone')).toEqual({ page: 'customer', id: 'cus_1' });
});

it.each(['', '#', '#/', '#/nothing', '#/customer', '#/customer/', '#/%E0%A4%A'])(
  '%j is the list of customers',
  (hash) => {
    expect(routeOf(hash)).toEqual({ page: 'customers' });
  },
);
