import { filtersIn, monthsUntil, queryOf } from './filters.js';

it('a month is asked for with its first and its last day', () => {
  const filters = filtersIn('#/customer/cus_1?field=vat_number&month=2028-02');
  expect(queryOf(filters)).toEqual({
    ...{ action: 'customer.patch', field: 'vat_number', from: '2028-02-01', to: '2028-02-29' },
  });
});

it('reads and previews are out of the way unless asked for; what is no month is none', () => {
  expect(queryOf(filtersIn('#/changes'))).toEqual({ action: 'customer.patch' });
  expect(queryOf(filtersIn('#/changes?all=yes&actor=ada&effect=ignored&month=May&x=1'))).toEqual({
    ...{ actor: 'ada', effect: 'ignored' },
  });
});

it('three years can be chosen, the newest first', () => {
  const months = monthsUntil(new Date('2026-01-31T23:00:00Z'));
  expect([months.length, ...months.slice(0, 2), months.at(-1)]).toEqual([
    36,
    '2026-01',
    '2025-12',
    '2023-02',
  ]);
});
