/** The canonical form of a JSON value (RFC 8785): the bytes that are a leaf of the log. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // `sort` compares UTF-16 code units, as the RFC does.
  const members = Object.keys(value).sort();
  return `{${members
    .map((name) => `${JSON.stringify(name)}:${canonicalJson((value as Record<string, unknown>)[name])}`)
    .join(',')}}`;
}
