import { PATCH_FIELDS } from '../src/customers/dto/patch-customer.dto.js';
import { readPatch } from '../src/customers/patch-body.pipe.js';
import { PROBLEMS } from '../src/http/problem.js';
import { exampleOf } from '../src/http/problem-examples.js';
import { type Compare, comparer } from './support/described.js';
import { startBff, type TestAnswer } from './support/start-bff.js';

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly required?: string[];
  readonly example?: unknown;
  readonly items?: Schema;
  readonly allOf?: Schema[];
  readonly $ref?: string;
  readonly [keyword: string]: unknown;
}

const GROUPS = {
  contact: [
    ...['name', 'alias', 'billing_email', 'invoicing_emails', 'phone'],
    ...['billing_address', 'shipping_address'],
  ],
  tax: ['vat_number', 'custom_taxes', 'is_tax_exempt'],
  billing: ['currency', 'invoicing_entity_id'],
};

interface Document {
  readonly openapi: string;
  readonly info: { readonly license: object };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Record<
    string,
    Record<
      string,
      {
        operationId: string;
        tags: string[];
        security?: unknown[];
        requestBody?: { content: Record<string, { examples?: Record<string, { value: object }> }> };
        parameters?: (object | Reference)[];
        responses: Record<string, Response | Reference>;
      }
    >
  >;
  readonly components: {
    readonly schemas: Record<string, Schema>;
    readonly responses: Record<string, Response>;
    readonly parameters: Record<string, object>;
  };
}

interface Response {
  readonly headers?: object;
  readonly content?: Record<string, { readonly schema?: object; readonly examples?: object }>;
}

interface Reference {
  readonly $ref: string;
}

describe('the OpenAPI document that the build serves at /openapi.json', () => {
  let document: Document;

  beforeAll(async () => {
    const bff = await startBff();
    const response = await fetch(`${bff.url}/openapi.json`);
    document = (await response.json()) as Document;
    await bff.stop();
  });

  const responseOf = (response: Response | Reference): Response =>
    '$ref' in response ? (document.components.responses[nameIn(response)] ?? {}) : response;
  const parameterOf = (parameter: object | Reference): object | undefined =>
    '$ref' in parameter ? document.components.parameters[nameIn(parameter)] : parameter;
  const schema = (name: string): Schema => document.components.schemas[name] ?? {};

  it('is OpenAPI 3.1, where null is a type', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(JSON.stringify(document)).not.toContain('"nullable"');
    const { alias, billing_address: address } = schema('Customer').properties ?? {};
    expect(alias).toEqual({ type: ['string', 'null'], example: 'acme' });
    expect(address).toEqual({ anyOf: [{ $ref: '#/components/schemas/CustomerAddress' }, { type: 'null' }] });
    expect(schema('PatchTenant').properties?.['invoicing_entities']?.['type']).toEqual(['array', 'null']);
  });

  it('says that it has no licence', () => {
    expect(document.info.license).toEqual({ name: 'UNLICENSED', identifier: 'LicenseRef-UNLICENSED' });
  });

  it('begins with the patch, then comes its preview; probes are last', () => {
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(document.tags.map(({ name }) => name)).toEqual([
      ...['Customers', 'Preview', 'Operations', 'Audit', 'Tenants', 'Health'],
    ]);
    expect([...new Set(operations.flatMap(({ tags }) => tags))]).toEqual(
      document.tags.map(({ name }) => name),
    );
    for (const { description } of document.tags) expect(description).toMatch(/\.$/);
    expect(operations.map(({ operationId }) => operationId).slice(0, 5)).toEqual([
      ...['patchCustomer', 'getCustomer', 'listCustomers', 'erasePersonalData', 'previewCustomerPatch'],
    ]);
    expect(operations.at(-1)?.operationId).toBe('getMetrics');
  });

  it('describes exactly the twelve fields of a patch, all optional', () => {
    const { properties = {}, required } = schema('PatchCustomer');
    expect(Object.keys(properties).sort()).toEqual([...PATCH_FIELDS].sort());
    expect(required).toBeUndefined();
  });

  it('says of each field which scopes allow it', () => {
    for (const [field, { description, 'x-scopes': scopes }] of Object.entries(
      schema('PatchCustomer').properties ?? {},
    )) {
      const group = Object.entries(GROUPS).find(([, fields]) => fields.includes(field))?.[0];
      expect({ field, scopes }).toEqual({ field, scopes: ['customers:write', `customers:write:${group}`] });
      expect(description).toContain(`Scopes: \`customers:write\` or \`customers:write:${group}\`.`);
    }
  });

  it('gives the limits of every field', () => {
    const limits = (name: string): Record<string, unknown> =>
      Object.fromEntries(
        Object.entries(schema(name).properties ?? {}).map(
          ([field, { description: _, example: _example, 'x-scopes': _scopes, ...rest }]) => [
            field,
            Array.isArray(rest['enum']) ? { ...rest, enum: rest['enum'].length } : rest,
          ],
        ),
      );
    // That the patterns say the same as the rules is a property of its own (patch-body.spec.ts).
    const pattern = expect.any(String) as unknown;
    expect(limits('PatchCustomer')).toEqual({
      name: { type: 'string', minLength: 1, maxLength: 255, pattern },
      alias: { type: 'string', minLength: 1, maxLength: 255, pattern },
      billing_email: { type: 'string', format: 'email', maxLength: 254, pattern },
      invoicing_emails: {
        type: 'array',
        items: { type: 'string', format: 'email', maxLength: 254, pattern },
        maxItems: 100,
      },
      phone: {
        type: 'string',
        minLength: 3,
        maxLength: 32,
        pattern,
      },
      currency: { type: 'string', enum: 159 },
      invoicing_entity_id: { type: 'string', pattern: '^ive_[0-9A-Za-z]{1,22}$' },
      is_tax_exempt: { type: 'boolean' },
      vat_number: {
        type: 'string',
        minLength: 1,
        maxLength: 32,
        pattern,
      },
      custom_taxes: { type: 'array', maxItems: 50, items: { $ref: '#/components/schemas/CustomTax' } },
      billing_address: { allOf: [{ $ref: '#/components/schemas/Address' }] },
      shipping_address: { allOf: [{ $ref: '#/components/schemas/ShippingAddress' }] },
    });
    expect(schema('CustomTax').required).toEqual(['name', 'tax_code', 'rate']);
    expect(schema('ShippingAddress').required).toEqual(['same_as_billing']);
    expect(schema('Address').required).toBeUndefined();
  });

  it('has an example body that the service accepts', () => {
    const body = exampleBody(document, schema('PatchCustomer'));
    expect(Object.keys(body as object)).toHaveLength(PATCH_FIELDS.length);
    expect(readPatch(body, undefined)).toEqual(body);
  });

  it('fills in a patch of one field first; every example is accepted', () => {
    for (const [path, method] of [
      ['/api/v1/customers/{id_or_alias}', 'patch'],
      ['/api/v1/customers/{id_or_alias}/preview', 'post'],
    ] as const) {
      const { examples = {} } =
        document.paths[path]?.[method]?.requestBody?.content['application/json'] ?? {};
      const [first, ...others] = Object.entries(examples);
      expect(Object.keys(first?.[1].value ?? {})).toEqual(['name']);
      expect(others.length).toBeGreaterThan(2);
      for (const { value } of Object.values(examples)) expect(readPatch(value, undefined)).toEqual(value);
    }
  });

  it('says that addresses and lists are replaced as a whole', () => {
    const { properties = {} } = schema('PatchCustomer');
    const replaced = ['billing_address', 'shipping_address', 'custom_taxes', 'invoicing_emails'];
    for (const field of replaced)
      expect(properties[field]?.['description']).toMatch(/[Rr]eplaces the stored/);
  });

  it('names schemas as users do, without the suffixes of the code', () => {
    const names = Object.keys(document.components.schemas);
    expect(names).toEqual(
      expect.arrayContaining(['PatchCustomer', 'Customer', 'Problem', 'Fault', 'AuditEvent']),
    );
    expect(names.filter((name) => /(Dto|Schema|View|Query)$/.test(name))).toEqual([]);
  });

  it('closes every schema that is a part of a request, and no other', () => {
    const closed = Object.entries(document.components.schemas)
      .filter(([, { additionalProperties }]) => additionalProperties === false)
      .map(([name]) => name);
    const parts = [
      'Address',
      'CustomTax',
      'PatchCustomer',
      'PatchTenant',
      'PutTenant',
      'PutToken',
      'ShippingAddress',
    ];
    expect(closed.sort()).toEqual(parts);
    expect(schema('PatchCustomer')['minProperties']).toBe(1);
  });

  it('shows every answer that is passed on whole, with what the billing API adds to its contract', () => {
    const open = Object.entries(document.components.schemas).filter(
      ([, { additionalProperties, properties }]) => additionalProperties === true && properties !== undefined,
    );
    expect(open.map(([name]) => name).sort()).toEqual([
      ...['Customer', 'CustomerAddress', 'CustomerList', 'CustomerShippingAddress', 'CustomerTax'],
      'PaginationMeta',
    ]);
    for (const [, { required = [], example }] of open)
      expect(Object.keys(example as object)).toEqual(expect.arrayContaining(required));
    const { properties = {}, example } = schema('Customer');
    const shown = Object.keys(example as object);
    expect(shown).toEqual(expect.arrayContaining(Object.keys(properties)));
    expect(shown.filter((name) => !(name in properties))).toEqual([
      ...['customer_type', 'connected_account_id', 'preferred_locales', 'custom_properties'],
    ]);
  });

  it('documents the limits of a caller on every route that needs one, and on no other', () => {
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(operations.length).toBeGreaterThan(10);
    for (const { security = [], responses } of operations) {
      expect('429' in responses).toBe(security.length > 0);
      for (const [status, response] of Object.entries(responses))
        expect(
          ['RateLimit-Policy', 'RateLimit'].every((name) => name in (responseOf(response).headers ?? {})),
        ).toBe(security.length > 0 && status !== '401');
    }
  });

  it('documents every problem of the patch with an example of its own', () => {
    const responses = document.paths['/api/v1/customers/{id_or_alias}']?.['patch']?.responses;
    const documented = Object.values(responses ?? {}).flatMap((response) =>
      Object.keys(responseOf(response).content?.['application/problem+json']?.examples ?? {}),
    );
    const elsewhere = ['not-found', 'method-not-allowed', 'not-sealed', 'tokens-would-retire'];
    expect(documented.sort()).toEqual(
      Object.keys(PROBLEMS)
        .filter((slug) => !elsewhere.includes(slug))
        .sort(),
    );
  });

  it('describes problems, headers, examples and parameters once', () => {
    const times = new Map<string, number>();
    const count = (part: unknown): void => {
      const text = JSON.stringify(part);
      if (!text.startsWith('{"$ref"')) times.set(text, (times.get(text) ?? 0) + 1);
    };
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    const inline = operations.flatMap(({ responses }) =>
      Object.values(responses).filter((response): response is Response => !('$ref' in response)),
    );
    for (const { parameters = [] } of operations) parameters.forEach(count);
    for (const response of [...inline, ...Object.values(document.components.responses)]) {
      const { headers = {}, content = {} } = response;
      Object.values(headers).forEach(count);
      if ('application/problem+json' in content) count(response);
      for (const { examples = {} } of Object.values(content)) Object.values(examples).forEach(count);
    }
    expect(times.size).toBeGreaterThan(10);
    expect([...times].filter(([, each]) => each > 1)).toEqual([]);
  });

  it('gives typed clients the list of audit events as such; an export is an operation of its own', () => {
    const list = document.paths['/api/v1/audit-events']?.['get'];
    const exported = document.paths['/api/v1/audit-events#export']?.['get'];
    expect(responseOf(list?.responses['200'] ?? {}).content).toEqual({
      'application/json': { schema: { $ref: '#/components/schemas/AuditEventPage' } },
    });
    expect(exported?.operationId).toBe('exportAuditEvents');
    expect(Object.keys(responseOf(exported?.responses['200'] ?? {}).content ?? {})).toEqual([
      ...['application/x-ndjson', 'text/csv', 'application/vnd.ocsf.api-activity+x-ndjson'],
    ]);
  });

  it('fills in nothing that filters', () => {
    const { parameters = [] } = document.paths['/api/v1/audit-events']?.['get'] ?? {};
    expect(parameters.length).toBeGreaterThan(10);
    expect(JSON.stringify(parameters.map((each) => parameterOf(each)))).not.toContain('"example');
  });
});

describe('SWAGGER_CUSTOMERS', () => {
  it.each([
    ['', undefined],
    [
      '{"cus_1":"has everything","acme":"has nothing"}',
      {
        cus_1: { summary: 'has everything', value: 'cus_1' },
        acme: { summary: 'has nothing', value: 'acme' },
      },
    ],
  ])('%j is offered wherever a customer is addressed', async (SWAGGER_CUSTOMERS, examples) => {
    const bff = await startBff({ settings: { SWAGGER_CUSTOMERS } });
    const { paths, components } = (await (await fetch(`${bff.url}/openapi.json`)).json()) as Document;
    await bff.stop();
    const addressing = Object.entries(paths).filter(([path]) => path.includes('{id_or_alias}'));
    const parameters = addressing.flatMap(([, operations]) =>
      Object.values(operations).map((operation) =>
        (operation.parameters ?? [])
          .map((each) => ('$ref' in each ? components.parameters[nameIn(each)] : each))
          .find((each) => each !== undefined && 'name' in each && each.name === 'id_or_alias'),
      ),
    );
    expect(parameters.length).toBeGreaterThanOrEqual(3);
    for (const parameter of parameters)
      expect({ examples: undefined, ...parameter }).toMatchObject({ in: 'path', examples });
  });
});

describe('what tests compare every answer with', () => {
  let compare: Compare;
  let usual: TestAnswer;
  const PATH = '/api/v1/customers/acme';
  beforeAll(async () => {
    const bff = await startBff();
    compare = comparer(await (await fetch(`${bff.url}/openapi.json`)).json());
    usual = await bff.patch({ name: 'New' });
    await bff.stop();
  });

  it('accepts an answer of the service, with nulls and with what the billing API adds', () => {
    expect(compare('PATCH', PATH, usual)).toEqual([]);
    const body = { ...(usual.body as object), alias: null, billing_address: null, invented_by_billing: 1 };
    expect(compare('PATCH', PATH, { ...usual, body })).toEqual([]);
  });

  const problem = { ...exampleOf('conflict', 'patch') };
  const problemHeaders = {
    'content-type': 'application/problem+json',
    'x-request-id': '1',
    'cache-control': 'no-store',
  };
  it.each<[string, number, Record<string, string>, unknown, string]>([
    ['a status', 202, {}, undefined, 'the status 202 of patchCustomer is not described'],
    ['a media type', 200, { 'content-type': 'text/csv' }, '', 'a body of text/csv is not described'],
    ['a header', 409, { 'x-invented': '1' }, problem, 'the header x-invented is not described'],
    ['no request id', 409, { 'x-request-id': '' }, problem, 'the header x-request-id is missing'],
    ['a member', 409, {}, { ...problem, stack: '' }, 'must NOT have unevaluated properties'],
    ['no member', 409, {}, { type: problem.type }, "must have required property 'detail'"],
    ['another type', 409, {}, { ...problem, status: '409' }, '/status must be integer'],
    [
      'a fault code',
      409,
      {},
      { ...problem, errors: [{ code: 'odd', detail: '' }] },
      '/errors/0/code must be equal to one of',
    ],
    ['a problem of another status', 409, {}, exampleOf('internal', 'patch'), 'internal is not described'],
    [
      'text for a number',
      429,
      { 'retry-after': 'soon' },
      exampleOf('rate-limited', 'patch'),
      'the header retry-after',
    ],
  ])('notices %s that the document has not', (_what, status, more, body, fault) => {
    const headers = new Headers({ ...problemHeaders, ...more });
    if (more['x-request-id'] === '') headers.delete('x-request-id');
    expect(compare('PATCH', PATH, { status, headers, body }).join('\n')).toContain(fault);
  });

  it('notices a document where nothing is described', () => {
    const headers = new Headers({ 'content-type': 'application/json' });
    expect(compare('GET', '/api/v1/invented', { status: 200, headers, body: {} })).toEqual([
      'application/json where nothing is described',
    ]);
  });
});

const nameIn = ({ $ref }: Reference): string => $ref.split('/').at(-1) ?? '';

function exampleBody(document: Document, schema: Schema): unknown {
  const [reference = schema] = schema.allOf ?? [];
  const name = reference.$ref?.split('/').at(-1);
  if (name !== undefined) return exampleBody(document, document.components.schemas[name] ?? {});
  if (schema.example !== undefined) return schema.example;
  if (schema.items !== undefined) return [exampleBody(document, schema.items)];
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([field, property]) => [
      field,
      exampleBody(document, property),
    ]),
  );
}
