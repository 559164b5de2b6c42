import { type DynamicModule, Module, type Type, type ValueProvider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { HealthChecks } from './health/health-checks.js';
import { PROBES } from './health/health.module.js';
import { NestLog } from './http/logger.js';
import { createListener } from './listener.js';
import { Metrics } from './metrics/metrics.js';
import type { Runtime } from './runtime.module.js';

/** The listener of ADMIN_PORT: the probes and metrics of `app`, and nothing else. */
export async function createAdminApp(
  app: NestFastifyApplication,
  runtime: Runtime,
): Promise<NestFastifyApplication> {
  const { adapter, filter } = await createListener(runtime);
  const admin = await NestFactory.create<NestFastifyApplication>(AdminModule.of(app), adapter, {
    bodyParser: false,
    logger: new NestLog(runtime.logger),
    abortOnError: false,
  });
  admin.useGlobalFilters(filter);
  await admin.init();
  return admin;
}

@Module({})
class AdminModule {
  static of(app: NestFastifyApplication): DynamicModule {
    return {
      module: AdminModule,
      controllers: [...PROBES],
      providers: [shared(app, HealthChecks), shared(app, Metrics)],
    };
  }
}

function shared<Part>(app: NestFastifyApplication, part: Type<Part>): ValueProvider<Part> {
  return { provide: part, useValue: app.get<Part>(part) };
}
