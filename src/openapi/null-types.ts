import { isObject } from '../http/rules.js';

/** The document with null as a type of its own (JSON Schema 2020-12): `nullable` is a keyword of OpenAPI 3.0 alone. */
export function withNullTypes(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withNullTypes);
  if (!isObject(part)) return part;
  const members = Object.entries(part).map(([name, value]) => [name, withNullTypes(value)] as const);
  const { nullable, ...schema } = Object.fromEntries(members);
  return nullable === true ? orNull(schema) : Object.fromEntries(members);
}

function orNull({ type, allOf, oneOf, enum: values, ...schema }: Readonly<Record<string, unknown>>): object {
  // Nest puts a reference into `allOf` when it has a description, with a type beside it that null would not have.
  if (allOf !== undefined) return { ...schema, anyOf: withNull(allOf, NULL) };
  if (oneOf !== undefined) return { ...schema, oneOf: withNull(oneOf, NULL) };
  return {
    type: [type, 'null'],
    ...schema,
    ...(values === undefined ? {} : { enum: withNull(values, null) }),
  };
}

const NULL = { type: 'null' } as const;

function withNull(list: unknown, nothing: unknown): readonly unknown[] {
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  return [...items, nothing];
}
