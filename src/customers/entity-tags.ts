import { Injectable } from '@nestjs/common';
import type { Customer } from '../billing/customer.dto.js';
import { AppKeys } from '../crypto/app-keys.js';
import { canonicalize } from '../crypto/canonical.js';
import { validationFailed } from '../http/problem.js';
import { PATCH_FIELDS } from './dto/patch-customer.dto.js';
import { isVerifiable, shownValue } from './patch-diff.js';

/** The fields that a tag covers, in this order: all fields that can be read. */
const FIELDS = PATCH_FIELDS.filter(isVerifiable);

/** Characters of each field's keyed hash, in base64url: 48 bits. */
const CHARACTERS = 8;

/** A tag of this service, and the suffix that a proxy may have added, such as `-gzip` or `;br`. */
const OURS = new RegExp(`^[\\w-]{${FIELDS.length * CHARACTERS}}(?=$|[^\\w])`);

/** `If-Match` (RFC 9110, section 13.1.1): any customer, or a customer with one of these tags. */
export type IfMatch = '*' | readonly EntityTag[];

export interface EntityTag {
  readonly weak: boolean;
  /** Without its quotes. */
  readonly opaque: string;
}

/** The result of comparing a customer with `If-Match`. */
export interface EntityTagComparison {
  readonly holds: boolean;
  /** Names of the changed fields, if a tag shows them. */
  readonly moved: readonly string[];
  /** Whether a proxy changed a tag of this service. */
  readonly altered: boolean;
}

/**
 * Strong entity tags (RFC 9110, section 8.8.3) of customers. A tag has one short keyed hash for each field. So a tag
 * that no longer matches shows which fields changed, and nothing has to be stored.
 */
@Injectable()
export class EntityTags {
  constructor(private readonly keys: AppKeys) {}

  /** With its quotes. */
  tagOf(tenantId: string, customer: Customer): string {
    return `"${this.opaqueTag(tenantId, customer)}"`;
  }

  compare(ifMatch: IfMatch, tenantId: string, customer: Customer): EntityTagComparison {
    if (ifMatch === '*') return { holds: true, moved: [], altered: false };
    const current = this.opaqueTag(tenantId, customer);
    const strong = ifMatch.filter(({ weak }) => !weak).map(({ opaque }) => opaque);
    if (strong.includes(current)) return { holds: true, moved: [], altered: false };
    const ours = ifMatch.flatMap(({ opaque }) => OURS.exec(opaque)?.[0] ?? []);
    const altered = ours.some((tag) => !strong.includes(tag));
    const [closest = []] = ours
      .map((tag) => FIELDS.filter((_, index) => partOf(tag, index) !== partOf(current, index)))
      .sort((one, other) => one.length - other.length);
    // A tag of another customer, or an invented tag, shows nothing about fields.
    return { holds: false, moved: closest.length === FIELDS.length ? [] : closest, altered };
  }

  private opaqueTag(tenantId: string, customer: Customer): string {
    const owner = JSON.stringify([tenantId, customer.id]);
    return FIELDS.map((field) => {
      const value = canonicalize(withoutNulls(shownValue(customer, field))) ?? '';
      return this.keys.shortHash('entity-tag', `${owner} ${field} ${value}`, CHARACTERS);
    }).join('');
  }
}

function partOf(tag: string, index: number): string {
  return tag.slice(index * CHARACTERS, (index + 1) * CHARACTERS);
}

/** In an address, absent and null are the same (U12). */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (Array.isArray(value)) return value.map(withoutNulls);
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

/** entity-tag of RFC 9110, section 8.8.3; elements of a list may be empty (section 5.6.1). */
const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
/** Limit for the list; no client needs as many. */
const MAX_TAGS = 100;

/**
 * Reads `If-Match`; undefined if it is absent.
 * @throws Problem validation-failed
 */
export function readIfMatch(header: string | undefined): IfMatch | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return '*';
  const elements = elementsOf(header).filter((element) => element !== '');
  const tags = elements.map((element) => ENTITY_TAG.exec(element));
  if (tags.length > MAX_TAGS) {
    const detail = `may have at most ${MAX_TAGS} entity tags`;
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
