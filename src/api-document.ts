import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { SCOPES } from './auth/caller.js';
import type { Config } from './config/config.js';
import { VERSION } from './runtime/version.js';

const DESCRIPTION = `Patches customers of the billing API on behalf of a tenant, and keeps an audit trail of who changed what and whether it really happened.

Send your own access token; no caller ever holds a billing token. Errors are problem documents (RFC 9457).`;

/** The OpenAPI document of this build. */
export function createApiDocument(app: NestFastifyApplication, config: Config): OpenAPIObject {
  const { oauth } = config.swagger;
  const builder = new DocumentBuilder()
    .setTitle('billing-bff')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .addServer('/', 'This server')
    .addOAuth2(
      {
        type: 'oauth2',
        flows: {
          clientCredentials: {
            tokenUrl: oauth?.tokenUrl ?? 'https://idp.example.com/token',
            scopes: { ...SCOPES },
          },
        },
      },
      'oauth2',
    )
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer');
  const document = builder.build();
  document.info.license = { name: 'Proprietary' };
  return SwaggerModule.createDocument(app, document);
}

/** Swagger UI at /docs and the document at /openapi.json. */
export function serveApiDocs(app: NestFastifyApplication, config: Config): void {
  const { oauth } = config.swagger;
  SwaggerModule.setup('docs', app, () => createApiDocument(app, config), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'billing-bff',
    swaggerOptions: {
      persistAuthorization: false,
      displayRequestDuration: true,
      initOAuth: {
        clientId: oauth?.clientId ?? '',
        clientSecret: oauth?.clientSecret ?? '',
        scopes: Object.keys(SCOPES),
      },
    },
  });
}
