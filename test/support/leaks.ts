import { sql } from 'kysely';
import type { Database } from '../../src/database/database.js';

/** Shorter ones stand in any long text by chance once they are cut to what base64 shows of them wherever they begin. */
const TELLING = 12;

/** Those of the values that are in a text: as such, in a URL, in hex, or in base64; case makes no value another one. */
export function leaksIn(text: string, values: readonly string[]): string[] {
  const haystack = text.toLowerCase();
  return values.filter((value) => encodings(value).some((form) => haystack.includes(form.toLowerCase())));
}

function encodings(value: string): string[] {
  const whole = (['base64', 'base64url', 'hex'] as const).map((form) => Buffer.from(value).toString(form));
  return [value, encodeURIComponent(value), ...whole, ...(value.length < TELLING ? [] : withinBase64(value))];
}

/** What base64 shows of a value that is a part of something longer. */
function withinBase64(value: string): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const bytes = Buffer.from('x'.repeat(shift) + value);
    return (['base64', 'base64url'] as const).map((form) =>
      bytes.toString(form).slice(shift === 0 ? 0 : 4, -4),
    );
  });
}

/** Every column of every row of every table of ours. */
export async function dumpOf({ kysely }: Database): Promise<string> {
  const tables = await sql<{ name: string }>`
    select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`.execute(
    kysely,
  );
  if (tables.rows.length === 0) throw new Error('there are no tables');
  const texts = await Promise.all(
    tables.rows.map(({ name }) =>
      sql<{ text: string }>`select t::text as text from ${sql.raw(name)} t`.execute(kysely),
    ),
  );
  return texts.flatMap(({ rows }) => rows.map(({ text }) => text)).join('\n');
}
