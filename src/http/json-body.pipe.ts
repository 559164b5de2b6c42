import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Tracing } from '../runtime/tracing.js';
import { validateDto } from './dto-validation.js';
import { readJsonBody } from './json-body.js';
import { refuseFaults } from './problem.js';

/**
 * `@Body(JsonBodyPipe)`: reads the request's body after the guard, as the DTO type of the parameter. Reports every
 * fault at once.
 * @throws Problem unsupported-media-type, payload-too-large, request-timeout, malformed-json, validation-failed
 */
@Injectable()
export class JsonBodyPipe implements PipeTransform<FastifyRequest, Promise<object>> {
  constructor(private readonly tracing: Tracing) {}

  /** @param request the request; `leaveBodiesUnread` passes it instead of a body */
  transform(request: FastifyRequest, { metatype }: ArgumentMetadata): Promise<object> {
    return this.tracing.span('validate', async () =>
      this.read(await readJsonBody(request), request, metatype),
    );
  }

  protected read(body: unknown, _request: FastifyRequest, type: Type<object> | undefined): object {
    if (type === undefined) throw new TypeError('the parameter is not typed with a DTO');
    const { dto, faults } = validateDto(type, body);
    refuseFaults(faults);
    return dto;
  }
}
