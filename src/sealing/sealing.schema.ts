import { ApiProperty, ApiSchema } from '@nestjs/swagger';

const HASH = { pattern: '^[0-9a-f]{64}$', description: 'SHA-256 in lower-case hex.' };

/** A signed statement of the size and root of a tenant's log. */
export class AuditSeal {
  /** The tenant's id. */
  log: string;

  /** Number of the seal: from 1, without gaps. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  seal: number;

  /** Number of events that it covers, from the first one. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  tree_size: number;

  @ApiProperty(HASH)
  root: string;

  /** SHA-256 of the previous seal's `jws`; null for the first. */
  @ApiProperty({ ...HASH, type: String, nullable: true })
  previous: string | null;

  @ApiProperty({ format: 'date-time' })
  sealed_at: string;

  /** Compact EdDSA JWS over the RFC 8785 form of the other fields. */
  jws: string;
}

export class SealPage {
  @ApiProperty({ type: [AuditSeal] })
  data: readonly AuditSeal[];

  /** For the next page; null on the last page. */
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}

/** Proof that an event is in the log (RFC 9162, section 2.1.3). */
export class InclusionProof {
  @ApiProperty({ format: 'uuid' })
  event_id: string;

  log: string;

  @ApiProperty({ type: 'integer', minimum: 0 })
  leaf_index: number;

  @ApiProperty(HASH)
  leaf_hash: string;

  @ApiProperty({ type: 'integer', minimum: 1 })
  tree_size: number;

  /** Hashes from the leaf's sibling up to the root. */
  @ApiProperty({ type: [String] })
  path: readonly string[];

  /** The seal that has this root. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  seal: number;

  jws: string;
}

/** Proof that a later state of the log only added to an earlier one (RFC 9162, section 2.1.4). */
export class ConsistencyProof {
  log: string;

  /** Size of the tree of the first seal. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  first: number;

  /** Size of the tree of the second seal. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  second: number;

  @ApiProperty({ type: [String] })
  path: readonly string[];
}

/** A public key of the seals (RFC 8037). */
@ApiSchema({ name: 'SigningKey' })
export class SigningKeySchema {
  @ApiProperty({ enum: ['OKP'] })
  kty: string;

  @ApiProperty({ enum: ['Ed25519'] })
  crv: string;

  x: string;

  kid: string;

  @ApiProperty({ enum: ['EdDSA'] })
  alg: string;

  @ApiProperty({ enum: ['sig'] })
  use: string;
}

export class SigningKeys {
  @ApiProperty({ type: [SigningKeySchema] })
  keys: readonly SigningKeySchema[];
}
