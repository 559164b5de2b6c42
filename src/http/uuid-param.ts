const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The textual form that PostgreSQL takes; anything else names nothing. */
export function isUuid(value: string): boolean {
  return UUID.test(value);
}

/** How OpenAPI describes `{id}`. */
export const UUID_PARAM = { name: 'id', schema: { type: 'string', format: 'uuid' } } as const;
