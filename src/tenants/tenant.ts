import type { BillingToken } from './billing-token.js';

/** A tenant, as requests need it. */
export interface Tenant {
  /** See TENANT_ID. */
  readonly id: string;
  readonly name: string;
  readonly status: 'active' | 'suspended';
  /** Base URL of the tenant's billing API, without a slash at the end. */
  readonly billingApiUrl: string;
  /** The only invoicing entities that a patch may use, if there is a list (U7). */
  readonly invoicingEntities: readonly string[] | undefined;
  /** The current version of its token; undefined if there is none, or it can't be decrypted. */
  readonly credential: Credential | undefined;
}

/** One version of a tenant's token. */
export interface Credential {
  readonly version: number;
  /** Keyed hash: identifies a token without revealing it. */
  readonly fingerprint: string;
  readonly token: BillingToken;
  /** Whether the billing API answered 401 to it and has not accepted it since. */
  readonly rejected: boolean;
}

/**
 * A tenant's id, in paths, files and headers. Only dots would be steps in a path. Names that begin with `_` are
 * reserved: `_platform` is the log of events without a tenant.
 */
export const TENANT_ID = /^(?!_|\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;

/** In the trail it takes the place of a tenant: the events that have none. It has no billing API. */
export const PLATFORM: Tenant = {
  id: '_platform',
  name: 'Events without a tenant',
  status: 'active',
  billingApiUrl: '',
  invoicingEntities: undefined,
  credential: undefined,
};

/** The rule as text. */
export const TENANT_ID_RULE = '1 to 64 of A-Z a-z 0-9 . _ -, not . or .., and not beginning with _';

/** The id of an invoicing entity of the billing API. */
export const INVOICING_ENTITY_ID = /^ive_[0-9A-Za-z]{1,22}$/;
