import { SettingReader } from './setting-reader.js';
import { readSwagger } from './swagger-settings.js';

const customersOf = (value: string): { customers: object; faults: readonly string[] } => {
  const read = new SettingReader({ SWAGGER_CUSTOMERS: value });
  const { customers } = readSwagger(read, true);
  return { customers, faults: read.faults };
};

it('reads the customers that Swagger UI offers, in their order', () => {
  const { customers, faults } = customersOf('{"cus_2": "slow, but fine", "acme": ""}');
  expect(Object.entries(customers)).toEqual([
    ['cus_2', 'slow, but fine'],
    ['acme', ''],
  ]);
  expect(faults).toEqual([]);
});

it('offers none unless they are named', () => {
  expect(customersOf('')).toEqual({ customers: {}, faults: [] });
});

it.each(['cus_1', '["cus_1"]', 'null', '"cus_1"', '{"cus_1": 1}', '{"cus_1": null}', '{"cus_1": "x"'])(
  'refuses the customers %s',
  (value) => {
    expect(customersOf(value)).toEqual({
      customers: {},
      faults: ['SWAGGER_CUSTOMERS must be a JSON object of texts, such as {"acme": "Everything is set"}'],
    });
  },
);
