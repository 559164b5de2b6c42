import { Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { AccessTokenGuard } from './access-token.guard.js';
import { CallerLimits } from './caller-limits.js';
import { InFlightInterceptor } from './in-flight.interceptor.js';
import { KeySet } from './key-set.js';
import { TokenVerifier } from './token-verifier.js';

@Module({
  imports: [TenantsModule],
  providers: [
    {
      provide: KeySet,
      inject: [Config, Clock, LOGGER],
      useFactory: (config: Config, clock: Clock, logger: Logger) =>
        new KeySet(config.auth.jwksUrl, clock, logger),
    },
    {
      provide: TokenVerifier,
      inject: [Config, KeySet, Clock],
      useFactory: (config: Config, keys: KeySet, clock: Clock) => new TokenVerifier(config.auth, keys, clock),
    },
    {
      provide: CallerLimits,
      inject: [Config, Clock, Metrics],
      useFactory: ({ rateLimitPerMinute, callerMaxInFlight }: Config, clock: Clock, metrics: Metrics) =>
        new CallerLimits(rateLimitPerMinute, callerMaxInFlight, clock, metrics),
    },
    { provide: APP_INTERCEPTOR, useClass: InFlightInterceptor },
    { provide: APP_GUARD, useClass: AccessTokenGuard },
  ],
  exports: [KeySet],
})
export class AuthModule {}
