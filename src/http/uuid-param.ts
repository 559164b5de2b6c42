const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The text form that PostgreSQL accepts. Any other text is not an id. */
export function isUuid(value: string): boolean {
  return UUID.test(value);
}

/** `{id}` in OpenAPI. */
export const UUID_PARAM = { name: 'id', schema: { type: 'string', format: 'uuid' } } as const;
