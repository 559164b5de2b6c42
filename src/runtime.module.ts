import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from './config/config.js';
import { ENVIRONMENT, type Environment } from './config/setting-reader.js';
import { LOGGER } from './http/logger.js';
import { Clock } from './runtime/clock.js';
import { Ids } from './runtime/ids.js';
import { InFlight } from './runtime/in-flight.js';
import { NO_TRACING, Tracing } from './runtime/tracing.js';
import { Turns } from './runtime/turns.js';

/** What the whole service uses and tests replace: settings, time, identifiers, the log. */
export interface Runtime {
  readonly config: Config;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly tracing?: Tracing;
}

@Global()
@Module({})
export class RuntimeModule {
  static with({ config, environment, clock, ids, logger, tracing = NO_TRACING }: Runtime): DynamicModule {
    const providers = [
      { provide: Config, useValue: config },
      { provide: ENVIRONMENT, useValue: environment },
      { provide: Clock, useValue: clock },
      { provide: Ids, useValue: ids },
      { provide: LOGGER, useValue: logger },
      { provide: Tracing, useValue: tracing },
      InFlight,
      Turns,
    ];
    return { module: RuntimeModule, providers, exports: providers };
  }
}
