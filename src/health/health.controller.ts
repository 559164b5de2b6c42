import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access-token.guard.js';
import { ApiProblems, REQUEST_ID_HEADER } from '../http/api-docs.js';
import { HealthChecks } from './health-checks.js';
import { Liveness, Readiness } from './health.schema.js';

@ApiTags('Health')
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly checks: HealthChecks) {}

  @Get('live')
  @ApiOperation({ operationId: 'getLiveness', summary: 'Liveness probe', security: [] })
  @ApiOkResponse({ description: 'The process runs.', type: Liveness, headers: REQUEST_ID_HEADER })
  @ApiProblems('validation-failed')
  live(): Liveness {
    return { status: 'up' };
  }

  @Get('ready')
  @ApiOperation({ operationId: 'getReadiness', summary: 'Readiness probe', security: [] })
  @ApiOkResponse({ description: 'The instance is ready.', type: Readiness, headers: REQUEST_ID_HEADER })
  @ApiResponse({
    status: 503,
    description: 'The instance is not ready.',
    type: Readiness,
    headers: REQUEST_ID_HEADER,
  })
  @ApiProblems('validation-failed')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const readiness = await this.checks.readiness();
    if (readiness.status === 'down') void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return readiness;
  }
}
