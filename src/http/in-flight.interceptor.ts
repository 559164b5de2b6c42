import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { InFlight } from '../runtime/in-flight.js';

/** Counts a request as in flight until its handler is finished, even if its connection is closed. */
@Injectable()
export class InFlightInterceptor implements NestInterceptor {
  constructor(private readonly inFlight: InFlight) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return from(this.inFlight.during(lastValueFrom(next.handle(), { defaultValue: undefined })));
  }
}
