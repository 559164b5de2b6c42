import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ACTIONS, EFFECTS, OUTCOMES, PHASES } from './audit-event.js';

const MASKED = {
  description: 'Masked JSON; null for unset, absent where the customer was not read.',
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
  @ApiProperty({ ...MASKED, description: 'As it was; null for unset.', example: 'anna@acme.test' })
  before?: unknown;

  before_salt?: string;

  @ApiProperty({ ...MASKED, description: 'As it was to be.', example: 'berta@acme.test' })
  after?: unknown;

  after_salt?: string;
}

/** What happened to one field. An outcome repeats `before` and `after` only where they differ from its intent's. */
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

  /** HMAC-SHA-256 of the RFC 8785 form of the value, keyed with its salt; lower-case hex. */
  @ApiProperty({ pattern: '^[0-9a-f]{64}$', required: false })
  before_commitment?: string;

  @ApiProperty({ pattern: '^[0-9a-f]{64}$', required: false })
  after_commitment?: string;

  /** With the scope `audit:read:clear`, unless it was erased: the values, and the base64url salts of their commitments. */
  @ApiProperty({ type: ClearSchema, required: false })
  clear?: ClearSchema;
}

/** Who asked, as their access token said. */
@ApiSchema({ name: 'Actor' })
export class ActorSchema {
  @ApiProperty({ enum: ['user', 'service'] })
  type: string;

  sub: string;

  client_id: string | null;

  scopes: string[];
}

/** Where the request came from. */
@ApiSchema({ name: 'Origin' })
export class OriginSchema {
  /** @example '203.0.113.7' */
  ip: string;

  user_agent: string | null;
}

/** The customer concerned. */
@ApiSchema({ name: 'Target' })
export class TargetSchema {
  /** As in the URL; masked unless it is a `cus_` id. */
  ref: string;

  customer_id: string | null;
}

/** The exchange with the billing API. */
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

/** Where the event stands in the sealed log. */
@ApiSchema({ name: 'Seal' })
export class SealSchema {
  seal: number;

  leaf_index: number;
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

  tenant_id: string;

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

  /** The HTTP status answered; null on an intent. */
  status: number | null;

  upstream: UpstreamSchema | null;

  credential: CredentialSchema | null;

  changes: ChangeSchema[];

  /** Null until sealed. */
  seal: SealSchema | null;

  /** Of a refusal: the problem that was answered. */
  problem?: string;

  /** Of a refusal: how many like it. */
  count?: number;
}

/** One page of the trail. */
export class AuditEventPage {
  /** Newest first. */
  data: AuditEventSchema[];

  /** Null at the end. */
  next_cursor: string | null;
}
