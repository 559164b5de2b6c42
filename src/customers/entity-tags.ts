import { Injectable } from '@nestjs/common';
import canonicalize from 'canonicalize';
import { AppKeys } from '../crypto/app-keys.js';
import type { Customer } from '../billing/customer.dto.js';
import { PATCH_FIELDS } from './dto/patch-customer.dto.js';
import type { IfMatch } from './if-match.js';
import { isVerifiable, shownValue } from './patch-plan.js';

/** The fields that a tag covers, in its order: those that can be read. */
const FIELDS = PATCH_FIELDS.filter(isVerifiable);

/** Bytes of each field's keyed hash, and the characters that base64url makes of them. */
const BYTES = 6;
const CHARACTERS = 8;

/** A tag of ours, and what a proxy may have added to it, such as `-gzip` or `;br`. */
const OURS = new RegExp(`^[\\w-]{${FIELDS.length * CHARACTERS}}(?=$|[^\\w])`);

interface Comparison {
  readonly holds: boolean;
  readonly moved: readonly string[];
  readonly altered: boolean;
}

/**
 * Strong entity tags (RFC 9110, section 8.8.3) of customers as we answer them: one short keyed hash for each
 * field, so that a tag that no longer matches tells which fields moved, without anything being stored.
 */
@Injectable()
export class EntityTags {
  constructor(private readonly keys: AppKeys) {}

  /** With its quotes. */
  tagOf(tenantId: string, customer: Customer): string {
    return `"${this.opaqueTag(tenantId, customer)}"`;
  }

  /**
   * Whether `If-Match` holds for the customer; if not, the names of the fields that moved where a tag tells, and whether
   * a tag of ours was changed on its way.
   */
  compare(ifMatch: IfMatch, tenantId: string, customer: Customer): Comparison {
    if (ifMatch === '*') return { holds: true, moved: [], altered: false };
    const current = this.opaqueTag(tenantId, customer);
    const strong = ifMatch.filter(({ weak }) => !weak).map(({ opaque }) => opaque);
    if (strong.includes(current)) return { holds: true, moved: [], altered: false };
    const ours = ifMatch.flatMap(({ opaque }) => OURS.exec(opaque)?.[0] ?? []);
    const altered = ours.some((tag) => !strong.includes(tag));
    const [closest = []] = ours
      .map((tag) => FIELDS.filter((_, index) => partOf(tag, index) !== partOf(current, index)))
      .sort((one, other) => one.length - other.length);
    // A tag of another customer, or of somebody's own making, tells nothing about fields.
    return { holds: false, moved: closest.length === FIELDS.length ? [] : closest, altered };
  }

  private opaqueTag(tenantId: string, customer: Customer): string {
    return FIELDS.map((field) => {
      const value = withoutNulls(shownValue(customer, field));
      const text = canonicalize([tenantId, customer.id, field, value]) ?? '';
      return this.keys.shortHmac('entity-tag', text, BYTES);
    }).join('');
  }
}

function partOf(tag: string, index: number): string {
  return tag.slice(index * CHARACTERS, (index + 1) * CHARACTERS);
}

/** In an address absent and null are alike (U12). */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (Array.isArray(value)) return value.map(withoutNulls);
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}
