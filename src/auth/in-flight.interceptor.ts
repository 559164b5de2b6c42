import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { finalize, type Observable } from 'rxjs';

/** A caller who hangs up has a request in flight until it has been carried out all the same. */
@Injectable()
export class InFlightInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { seat } = context.switchToHttp().getRequest<FastifyRequest>();
    return seat === null ? next.handle() : next.handle().pipe(finalize(seat.hold()));
  }
}
