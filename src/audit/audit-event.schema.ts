import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ACTIONS, EFFECTS, OUTCOMES, PHASES } from './audit-event.js';

const MASKED = {
  description: 'Masked JSON. Null: no value. Absent: the customer was not read.',
  oneOf: [
    { type: 'string', nullable: true },
    { type: 'boolean' },
    { type: 'array', items: {} },
    { type: 'object', additionalProperties: true },
  ],
  example: 'a***@acme.test',
  required: false,
};

/** The values behind the masks of a change. */
@ApiSchema({ name: 'ClearValues' })
export class ClearSchema {
  @ApiProperty({ ...MASKED, description: 'The value before; null: no value.', example: 'anna@acme.test' })
  before?: unknown;

  before_salt?: string;

  @ApiProperty({ ...MASKED, description: 'The requested value.', example: 'berta@acme.test' })
  after?: unknown;

  after_salt?: string;
}

/** The change of one field. An outcome repeats `before` and `after` only where they differ from its intent's. */
@ApiSchema({ name: 'Change' })
export class ChangeSchema {
  /** @example 'billing_email' */
  field: string;

  @ApiProperty(MASKED)
  before?: unknown;

  @ApiProperty(MASKED)
  after?: unknown;

  /** Absent in an intent. */
  @ApiProperty({ enum: EFFECTS, required: false })
  effect?: string;

  /** HMAC-SHA-256 of the RFC 8785 form of the value, keyed with its salt, in lower-case hex. */
  @ApiProperty({ pattern: '^[0-9a-f]{64}$', required: false })
  before_commitment?: string;

  @ApiProperty({ pattern: '^[0-9a-f]{64}$', required: false })
  after_commitment?: string;

  /** The values, and the base64url salts of their commitments. Only with the scope `audit:read:clear`; absent if erased. */
  @ApiProperty({ type: ClearSchema, required: false })
  clear?: ClearSchema;
}

/** A party that acted for the subject of the access token (RFC 8693). */
@ApiSchema({ name: 'ActingParty' })
export class ActingPartySchema {
  /** Null if the token does not name it. */
  sub: string | null;

  client_id: string | null;
}

/** Who sent the request, according to the access token. */
@ApiSchema({ name: 'Actor' })
export class ActorSchema {
  @ApiProperty({ enum: ['user', 'service'] })
  type: string;

  sub: string;

  client_id: string | null;

  scopes: string[];

  /** Who acted for the subject, the nearest first; absent if nobody did. */
  @ApiProperty({ type: [ActingPartySchema], maxItems: 5, required: false })
  act?: ActingPartySchema[];
}

/** Where the request came from. */
@ApiSchema({ name: 'Origin' })
export class OriginSchema {
  /** @example '203.0.113.7' */
  ip: string;

  user_agent: string | null;
}

/** The customer of the event. */
@ApiSchema({ name: 'Target' })
export class TargetSchema {
  /** As in the URL; masked, unless it is a `cus_` id. */
  ref: string;

  customer_id: string | null;
}

/** The requests to the billing API. */
@ApiSchema({ name: 'Upstream' })
export class UpstreamSchema {
  status: number | null;

  attempts: number;

  duration_ms: number;
}

/** Which version of the tenant's token was used. */
@ApiSchema({ name: 'Credential' })
export class CredentialSchema {
  version: number;

  fingerprint: string;
}

/** One record of the audit trail. */
@ApiSchema({ name: 'AuditEvent' })
export class AuditEventSchema {
  /** UUIDv7. */
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  operation_id: string | null;

  @ApiProperty({ type: String, format: 'date-time' })
  occurred_at: string;

  /** Null in the log `_platform`: the event is of no tenant. */
  tenant_id: string | null;

  actor: ActorSchema;

  origin: OriginSchema;

  request_id: string;

  trace_id: string;

  @ApiProperty({ enum: ACTIONS })
  action: string;

  @ApiProperty({ enum: PHASES })
  phase: string;

  target: TargetSchema | null;

  @ApiProperty({ enum: OUTCOMES })
  outcome: string;

  /** HTTP status of the answer; null for an intent. */
  status: number | null;

  upstream: UpstreamSchema | null;

  credential: CredentialSchema | null;

  changes: ChangeSchema[];

  /** Position of the event in the tenant's log; null until it is there, about a second. */
  @ApiProperty({ type: 'integer', minimum: 0, nullable: true })
  leaf_index: number | null;

  /** Only for a patch that undoes an operation: the id of that operation. */
  @ApiProperty({ format: 'uuid', required: false })
  reverts?: string;

  /** Only for a refusal: the problem in the answer. */
  problem?: string;

  /** Only for a refusal: the number of such refusals. */
  count?: number;
}

/** One page of the trail. */
export class AuditEventPage {
  /** Newest first. */
  data: AuditEventSchema[];

  /** Null on the last page. */
  next_cursor: string | null;
}
