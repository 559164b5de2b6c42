// Values of fields, as text.

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export function isEmpty(value: Json | undefined): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

/** One line for a person. */
export function textOf(value: Json): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(textOf).join('; ');
  if (typeof value === 'object')
    return Object.values(value)
      .filter((part) => !isEmpty(part))
      .map(textOf)
      .join(', ');
  return String(value);
}

/** Whether two values say the same; an absent member is null. */
export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return canonical(one ?? null) === canonical(other ?? null);
}

function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return `{${members
    .sort(([name], [other]) => (name < other ? -1 : 1))
    .map(([name, member]) => `${name}:${canonical(member)}`)
    .join()}}`;
}
