import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { validateDto } from './dto-validation.js';
import { readJsonBody } from './json-body.js';
import { refuseFaults } from './problem.js';

/**
 * The request's body as a DTO, read behind the guard, every fault of it found at once.
 * @throws Problem unsupported-media-type, payload-too-large, malformed-json, validation-failed
 */
export const JsonBody = createParamDecorator(
  async <Dto extends object>(type: new () => Dto, context: ExecutionContext): Promise<Dto> => {
    const body = await readJsonBody(context.switchToHttp().getRequest<FastifyRequest>());
    const { dto, faults } = validateDto(type, body);
    refuseFaults(faults);
    return dto;
  },
);
