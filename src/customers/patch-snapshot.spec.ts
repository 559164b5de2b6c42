import { PatchCustomerDto } from './dto/patch-customer.dto.js';
import { diffOf } from './patch-diff.js';
import { readSnapshot, snapshotFrom, snapshotOf } from './patch-snapshot.js';

const asked = Object.assign(new PatchCustomerDto(), { name: 'Acme', currency: 'EUR' });
const DIFF = { asked, before: { name: 'Old', currency: 'EUR' }, sent: ['name'] as const };

const stored = (more: object = {}): unknown =>
  JSON.parse(JSON.stringify({ ...snapshotOf({ customerRef: 'acme', diff: DIFF }), ...more }));

it('comes back as it was stored', () => {
  expect(readSnapshot(stored())).toEqual({ customerRef: 'acme', diff: DIFF });
});

it('comes back although the rules of today would refuse it, or do not know a field', () => {
  const other = { asked: { name: '', currency: 'XXX', nickname: 'Ac' }, sent: ['name', 'nickname'] };
  expect(readSnapshot(stored(other))).toMatchObject({
    diff: { asked: { name: '', currency: 'XXX' }, sent: ['name'] },
  });
  expect(readSnapshot(stored(other))?.diff.asked).not.toHaveProperty('nickname');
});

it.each([null, 'text', {}, { customerRef: 1 }, { customerRef: 'a', asked: null, sent: [], before: null }])(
  'is none in %j',
  (value) => {
    expect(readSnapshot(value)).toBeUndefined();
  },
);

it('is the same from the values of the intent', () => {
  const values = [
    { field: 'name', before: 'Old', after: 'Acme' },
    { field: 'currency', before: 'EUR', after: 'EUR' },
    { field: 'is_tax_exempt', after: true },
    { field: 'nickname', before: null, after: 'Ac' },
  ];
  const all = Object.assign(new PatchCustomerDto(), { name: 'Acme', currency: 'EUR', is_tax_exempt: true });
  expect(snapshotFrom('cus_1', values)).toEqual({
    customerRef: 'cus_1',
    diff: { asked: all, before: DIFF.before, sent: ['name', 'is_tax_exempt'] },
  });
  const unread = values.map(({ field, after }) => ({ field, after }));
  expect(snapshotFrom('cus_1', unread).diff).toEqual(diffOf(all, undefined));
});
