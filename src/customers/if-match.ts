import { validationFailed } from '../http/problem.js';

/** `If-Match` (RFC 9110, section 13.1.1): any customer, or one with a tag among these. */
export type IfMatch = '*' | readonly EntityTag[];

export interface EntityTag {
  readonly weak: boolean;
  /** Without its quotes. */
  readonly opaque: string;
}

/** entity-tag of RFC 9110, section 8.8.3; elements of a list may be empty (section 5.6.1). */
const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
/** Longer lists than any client needs. */
const MAX_TAGS = 100;

/**
 * Reads `If-Match`; undefined when there is none.
 * @throws Problem validation-failed
 */
export function readIfMatch(header: string | undefined): IfMatch | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return '*';
  const elements = elementsOf(header).filter((element) => element !== '');
  const tags = elements.map((element) => ENTITY_TAG.exec(element));
  if (tags.length > MAX_TAGS) {
    const detail = `may name ${MAX_TAGS} entity tags at most`;
    throw validationFailed([{ header: 'If-Match', code: 'too-many', detail }]);
  }
  if (tags.length === 0 || tags.includes(null)) {
    const detail = 'must be *, or entity tags in double quotes, separated by commas';
    throw validationFailed([{ header: 'If-Match', code: 'not-entity-tags', detail }]);
  }
  return tags.map((tag) => ({ weak: tag?.[1] !== undefined, opaque: tag?.[2] ?? '' }));
}

/** A comma inside quotes belongs to the tag. */
function elementsOf(header: string): string[] {
  return (header.match(/(?:"[^"]*"?|[^",])+|,/g) ?? [])
    .map((part) => part.trim())
    .filter((part) => part !== ',');
}
