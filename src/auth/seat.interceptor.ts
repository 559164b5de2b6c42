import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { finalize, type Observable } from 'rxjs';

/** If a caller hangs up, the request keeps its seat (`CallerLimits`) until it has been carried out. */
@Injectable()
export class SeatInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { seat } = context.switchToHttp().getRequest<FastifyRequest>();
    return seat === null ? next.handle() : next.handle().pipe(finalize(seat.hold()));
  }
}
