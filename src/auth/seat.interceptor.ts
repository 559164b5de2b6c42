import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { finalize, type Observable } from 'rxjs';

/** A caller who hangs up keeps the seat (`CallerLimits`) until the request has been carried out. */
@Injectable()
export class SeatInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { seat } = context.switchToHttp().getRequest<FastifyRequest>();
    return seat === null ? next.handle() : next.handle().pipe(finalize(seat.hold()));
  }
}
