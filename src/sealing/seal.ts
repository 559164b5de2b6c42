import { createHash } from 'node:crypto';
import type { Hash } from './merkle.js';

/** The log of events without a tenant. */
export const PLATFORM_LOG = '_platform';

/** The statement of a seal: the size and root of a log. */
export interface SealedState {
  /** A tenant's id, or `_platform`. */
  readonly log: string;
  /** Number of the seal: from 1, without gaps. */
  readonly seal: number;
  readonly tree_size: number;
  /** Merkle Tree Hash (RFC 9162) of the leaves. */
  readonly root: Hash;
  /** SHA-256 of the previous seal's `jws`; null for the first. */
  readonly previous: Hash | null;
  /** RFC 3339, UTC, milliseconds. */
  readonly sealed_at: string;
}

/** A seal with its compact EdDSA JWS over the RFC 8785 form of the other fields. */
export interface Seal extends SealedState {
  readonly jws: string;
}

/** The reference of a seal to the previous one. */
export function hashOfSeal(jws: string): Hash {
  return createHash('sha256').update(jws).digest('hex');
}
