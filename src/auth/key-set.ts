import { Inject, Injectable } from '@nestjs/common';
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { describeError, LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';

/** The key set can't be fetched. Without it this token can be neither accepted nor refused. */
export class KeySetUnavailable extends Error {
  override readonly name = 'KeySetUnavailable';
}

/** Milliseconds. */
const TIMEOUT = 3_000;
const REFRESH_AFTER = 10 * 60_000;
/** Minimum milliseconds between two loads because of unknown keys: invented key ids must not flood the provider. */
const COOL_DOWN = 5_000;

/**
 * The identity provider's keys (RFC 7517). They are loaded once and cached, so a provider that is down later costs
 * only new keys. They are refreshed in the background when they are older than ten minutes; for an unknown key id at
 * once, but only every few seconds.
 */
@Injectable()
export class KeySet {
  private readonly remote: ReturnType<typeof createRemoteJWKSet>;
  /** For the log: the address may have a query. */
  private readonly host: string;
  private failedAt: number | undefined;
  private loadedAt: number | undefined;

  constructor(
    config: Config,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.host = config.auth.jwksUrl.host;
    this.remote = createRemoteJWKSet(config.auth.jwksUrl, {
      timeoutDuration: TIMEOUT,
      cooldownDuration: COOL_DOWN,
      cacheMaxAge: Infinity,
      [customFetch]: (address, options) => this.load(() => fetch(address, options)),
    });
  }

  /** Whether the keys were fetched since the start. */
  get seen(): boolean {
    return this.remote.jwks() !== undefined;
  }

  /** Loads the keys if they were never fetched. Never fails. */
  async warmUp(): Promise<void> {
    if (!this.seen) await this.refresh();
  }

  /**
   * The key for a token's header, in the form that jose needs.
   * @throws KeySetUnavailable; jose's own errors if the key is unknown or the header unusable
   */
  readonly keyFor: JWTVerifyGetKey = async (header, token) => {
    if (this.isStale()) void this.refresh();
    try {
      return await this.remote(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      throw new KeySetUnavailable('the key set cannot be loaded', { cause: error });
    }
  };

  /**
   * Loads newer keys: a provider may publish another key with an old id, or keys without ids. Only every few seconds,
   * as for unknown key ids.
   * @param since when the current keys were tried, by the monotonic clock
   * @returns whether there may be other keys now
   */
  readonly renew = async (since: number): Promise<boolean> => {
    const before = this.loadedAt;
    if (before !== undefined && before >= since) return true;
    if (before !== undefined && this.clock.monotonic() - before < COOL_DOWN) return false;
    await this.refresh();
    return this.loadedAt !== before;
  };

  private isStale(): boolean {
    return this.loadedAt !== undefined && this.clock.monotonic() - this.loadedAt > REFRESH_AFTER;
  }

  private async refresh(): Promise<void> {
    try {
      await this.remote.reload();
    } catch (error) {
      this.logger.debug({ error: describeError(error) }, 'key set not refreshed');
    }
  }

  /** One attempt. After a failure further attempts fail at once for a few seconds, so that callers never queue. */
  private async load(fetchKeys: () => Promise<Response>): Promise<Response> {
    if (this.failedAt !== undefined && this.clock.monotonic() - this.failedAt < COOL_DOWN) {
      throw new KeySetUnavailable('the key set could not be loaded a moment ago');
    }
    try {
      const response = await fetchKeys();
      if (response.status !== 200) throw new KeySetUnavailable(`the key set's status is ${response.status}`);
      const keys = keysIn(await response.text());
      // An empty answer of a faulty provider must not replace keys that work.
      if (keys.length === 0) throw new KeySetUnavailable('the key set is empty or malformed');
      this.failedAt = undefined;
      this.loadedAt = this.clock.monotonic();
      this.metrics.keySetFetched('success');
      return Response.json({ keys });
    } catch (error) {
      this.failedAt = this.clock.monotonic();
      this.metrics.keySetFetched('failure');
      this.logger.warn(
        { host: this.host, error: describeError(error) },
        'the identity provider’s key set could not be loaded',
      );
      throw error;
    }
  }
}

/** The keys of a set. An invalid entry does not affect the others. */
function keysIn(body: string): unknown[] {
  try {
    const keySet: unknown = JSON.parse(body);
    const keys: unknown =
      typeof keySet === 'object' && keySet !== null && 'keys' in keySet ? keySet.keys : undefined;
    return Array.isArray(keys) ? keys.filter(isKey) : [];
  } catch {
    return [];
  }
}

function isKey(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kty' in value && typeof value.kty === 'string';
}

function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
