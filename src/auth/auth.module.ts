import { Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { TenantsModule } from '../tenants/tenants.module.js';
import { AccessTokenGuard } from './access-token.guard.js';
import { CallerLimits } from './caller-limits.js';
import { SeatInterceptor } from './seat.interceptor.js';
import { KeySet } from './key-set.js';
import { TokenVerifier } from './token-verifier.js';

@Module({
  imports: [TenantsModule],
  providers: [
    KeySet,
    TokenVerifier,
    CallerLimits,
    { provide: APP_INTERCEPTOR, useClass: SeatInterceptor },
    { provide: APP_GUARD, useClass: AccessTokenGuard },
  ],
  exports: [KeySet],
})
export class AuthModule {}
