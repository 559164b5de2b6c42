import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access-token.guard.js';
import { KeySet } from '../auth/key-set.js';
import { Database } from '../database/database.js';
import { Draining } from './draining.js';

/** Whether the process runs. */
export class Liveness {
  @ApiProperty({ enum: ['up'] })
  status: 'up';
}

/** Whether requests should be sent here, and what stands in the way if not. */
export class Readiness {
  @ApiProperty({ enum: ['up', 'down'] })
  status: 'up' | 'down';

  /** Each is `up` or `down`: the database answers, the identity provider's keys were seen, not shutting down. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string', enum: ['up', 'down'] } })
  checks: Record<'database' | 'identity_provider' | 'process', 'up' | 'down'>;
}

@ApiTags('Health')
@Public()
@Controller('health')
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly keys: KeySet,
    private readonly draining: Draining,
  ) {}

  /** Liveness probe */
  @Get('live')
  @ApiOperation({ operationId: 'getLiveness', security: [] })
  @ApiOkResponse({ description: 'The process runs.', type: Liveness })
  live(): Liveness {
    return { status: 'up' };
  }

  /** Readiness probe */
  @Get('ready')
  @ApiOperation({ operationId: 'getReadiness', security: [] })
  @ApiOkResponse({ description: 'Send requests.', type: Readiness })
  @ApiResponse({ status: 503, description: 'Send no requests for now.', type: Readiness })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const [database] = await Promise.all([this.databaseAnswers(), this.keys.warmUp()]);
    const checks = {
      database: upIf(database),
      identity_provider: upIf(this.keys.seen),
      process: upIf(!this.draining.begun),
    };
    const status = upIf(Object.values(checks).every((check) => check === 'up'));
    if (status === 'down') void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return { status, checks };
  }

  private async databaseAnswers(): Promise<boolean> {
    try {
      await this.database.ping();
      return true;
    } catch {
      return false;
    }
  }
}

function upIf(good: boolean): 'up' | 'down' {
  return good ? 'up' : 'down';
}
