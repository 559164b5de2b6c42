import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { KnownQueryGuard } from '../http/known-query.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { AccessTokenGuard } from './access-token.guard.js';
import { CallerLimits } from './caller-limits.js';
import { KeySet } from './key-set.js';
import { TokenVerifier } from './token-verifier.js';

@Module({
  imports: [TenantsModule],
  providers: [
    KeySet,
    TokenVerifier,
    CallerLimits,
    // In this order: an unknown caller is told nothing about parameters.
    { provide: APP_GUARD, useClass: AccessTokenGuard },
    { provide: APP_GUARD, useClass: KnownQueryGuard },
  ],
  exports: [KeySet],
})
export class AuthModule {}
