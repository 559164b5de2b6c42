import type { ClaimPath } from './claim-path.js';

/** All settings, read once at start, frozen. The class is the injection token. */
export abstract class Config {
  abstract readonly environment: 'development' | 'test' | 'production';
  abstract readonly host: string;
  /** 0: the system picks a free port. */
  abstract readonly port: number;
  /** Where `/metrics` and the probes are, and nothing else; undefined: beside everything else on `port`. */
  abstract readonly adminPort: number | undefined;
  /** Milliseconds between a signal and the end of new connections: not ready, but still serving. */
  abstract readonly shutdownDelayMs: number;
  abstract readonly logLevel: LogLevel;
  abstract readonly auth: AuthConfig;
  abstract readonly billing: BillingConfig;
  /** Address of PostgreSQL; without it the embedded database in `dataDir` is used. */
  abstract readonly databaseUrl: string | undefined;
  abstract readonly dataDir: string;
  /** False: the start is refused unless the schema is there. */
  abstract readonly migrateAtStart: boolean;
  abstract readonly tenantsFile: string | undefined;
  abstract readonly encryptionKeys: readonly EncryptionKey[];
  abstract readonly auditLog: AuditLogConfig;
  abstract readonly auditRetentionDays: number | undefined;
  /** Requests a minute for each caller and instance; 0: any number. */
  abstract readonly rateLimitPerMinute: number;
  /** Requests of one caller at a time. */
  abstract readonly callerMaxInFlight: number;
  /** As browsers send them; outside production also `http://localhost:*`, which is any port. */
  abstract readonly corsOrigins: readonly string[];
  /** Fastify's `trustProxy`: nobody, a number of hops, or addresses. */
  abstract readonly trustProxy: boolean | number | string[];
  abstract readonly swagger: SwaggerConfig;
  abstract readonly console: ConsoleConfig;
  /** Where traces are sent; undefined: nowhere. */
  abstract readonly traces: TracesConfig | undefined;
  /** Warnings about settings that work but may be wrong; logged at start. */
  abstract readonly warnings: readonly string[];
}

export type DatabaseConfig = Pick<Config, 'databaseUrl' | 'dataDir' | 'auditRetentionDays'>;
export type MigrationSettings = DatabaseConfig & Pick<Config, 'logLevel'>;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface AuthConfig {
  readonly issuer: string;
  /** A token is for us if it names one of them. */
  readonly audiences: readonly string[];
  readonly audienceClaim: ClaimPath;
  readonly jwksUrl: URL;
  /** Where scopes are; all of them count. */
  readonly scopeClaims: readonly ClaimPath[];
  /** Taken off the scopes that begin with it; empty: none. */
  readonly scopePrefix: string;
  readonly tenantClaim: ClaimPath;
  readonly algorithms: readonly string[];
  readonly clockToleranceS: number;
}

export interface BillingConfig {
  /** For tenants without their own URL; ends without a slash. */
  readonly url: string;
  /** The only origins that a tenant's own `billing_api_url` may have. */
  readonly allowedOrigins: readonly string[];
  /** Time-out of one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** Deadline of one request, in milliseconds. */
  readonly deadlineMs: number;
  /** Operations at a time per origin. */
  readonly maxInFlight: number;
  readonly preRead: 'always' | 'never';
}

export interface EncryptionKey {
  readonly kid: string;
  readonly key: Uint8Array;
}

export interface AuditLogConfig {
  /** The origin of a tenant's log is `<name>/<tenant>`. */
  readonly name: string;
  /** All of them sign. Empty: one is made in `dataDir`. */
  readonly signingKeys: readonly SigningKey[];
  readonly witnesses: readonly Witness[];
  /** Seconds between two cosignatures of a witness on one log. */
  readonly witnessIntervalS: number;
}

export interface SigningKey {
  readonly kid: string;
  /** Of an Ed25519 key, 32 bytes (RFC 8032). */
  readonly seed: Uint8Array;
}

/** A witness of the logs (C2SP tlog-witness). */
export interface Witness {
  /** `<url>/add-checkpoint` takes checkpoints; ends without a slash. */
  readonly url: string;
  /** Its vkey. */
  readonly key: string;
}

export interface TracesConfig {
  /** Of OTLP over HTTP, without `/v1/traces`; ends without a slash. */
  readonly endpoint: string;
  readonly serviceName: string;
}

export interface SwaggerConfig {
  readonly enabled: boolean;
  /** Where Swagger UI's Authorize button gets a token by client credentials; for sandboxes and test systems. */
  readonly oauth:
    { readonly tokenUrl: string; readonly clientId?: string; readonly clientSecret?: string } | undefined;
  /** Offered wherever a customer is addressed: id or alias, and what it is an example of. */
  readonly customers: Readonly<Record<string, string>>;
}

export interface ConsoleConfig {
  readonly enabled: boolean;
  /** The console's login (authorization code with PKCE, RFC 7636); without it a token is pasted. */
  readonly oauth:
    | {
        readonly authorizeUrl: string;
        readonly tokenUrl: string;
        readonly clientId: string;
        /** Accounts that are offered with one click; for sandboxes. */
        readonly loginHints: readonly string[];
      }
    | undefined;
}
