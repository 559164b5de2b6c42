import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { describeExport } from './audit/audit-export.docs.js';
import { SCOPES } from './auth/scopes.js';
import { PASSED_ON } from './billing/passed-on.docs.js';
import type { Config } from './config/config.js';
import { ID_OR_ALIAS } from './customers/customers.docs.js';
import { PATCH_FIELDS } from './customers/dto/patch-customer.dto.js';
import { scopesFor } from './customers/field-scopes.js';
import { offerCustomers } from './openapi/customer-examples.js';
import { introduction } from './openapi/introduction.js';
import { withNullTypes } from './openapi/null-types.js';
import { operationsIn } from './openapi/operations.js';
import { shareParts } from './openapi/shared-parts.js';
import { FOLDED_ERRORS, STYLE } from './openapi/swagger-ui.js';
import { inOrderOfTags, TAGS } from './openapi/tags.js';
import { VERSION } from './runtime/version.js';

/** The OpenAPI document of this build. */
export function createApiDocument(app: NestFastifyApplication, config: Config): OpenAPIObject {
  const { oauth, customers } = config.swagger;
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('billing-bff: patch customers, and know what happened')
    .setDescription(introduction({ byButton: oauth !== undefined, console: config.console.enabled }))
    .setExternalDoc('What each problem means, and what to do', '/problems')
    .setVersion(VERSION);
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  builder.addServer('/', 'This server');
  if (oauth !== undefined) {
    const clientCredentials = { tokenUrl: oauth.tokenUrl, scopes: { ...SCOPES } };
    builder.addOAuth2({ type: 'oauth2', flows: { clientCredentials } }, 'oauth2');
  }
  builder.addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer');
  const info = builder.build();
  // As npm says it of what is nobody else's to use; package.json says the same.
  info.info.license = Object.assign({ name: 'UNLICENSED' }, { identifier: 'LicenseRef-UNLICENSED' });
  const document = SwaggerModule.createDocument(app, info, { autoTagControllers: false });
  if (oauth === undefined) forgetScheme(document, 'oauth2');
  describeExport(document);
  closeRequestBodies(document);
  openWhatIsPassedOn(document);
  addRateLimitHeaders(document);
  addFieldScopes(document);
  offerCustomers(document, ID_OR_ALIAS.name, customers);
  shareParts(document);
  document.paths = inOrderOfTags(document.paths);
  return Object.assign(document, withNullTypes(document));
}

/** Without a token endpoint nobody can authorise that way, and an invented endpoint would receive secrets. */
function forgetScheme(document: OpenAPIObject, scheme: string): void {
  for (const operation of operationsIn(document)) {
    if (operation.security === undefined) continue;
    operation.security = operation.security.filter((requirement) => !(scheme in requirement));
  }
}

/** Every answer to a known caller has these headers. */
function addRateLimitHeaders(document: OpenAPIObject): void {
  for (const { security = [], responses } of operationsIn(document)) {
    if (security.length === 0) continue;
    for (const [status, response] of Object.entries(responses))
      if (response !== undefined && !('$ref' in response) && status !== '401')
        response.headers = { ...response.headers, ...RATE_LIMIT_HEADERS };
  }
}

const RATE_LIMIT_HEADERS = {
  'RateLimit-Policy': {
    description: 'The number of requests (`q`) that a caller may send in `w` seconds (token bucket).',
    schema: { type: 'string' },
    example: '"caller";q=600;w=60',
  },
  RateLimit: {
    description: 'The number of requests left (`r`), and the seconds until one more is allowed (`t`).',
    schema: { type: 'string' },
    example: '"caller";r=599;t=1',
  },
} as const;

/** Request bodies accept documented fields only; a patch needs at least one. */
function closeRequestBodies(document: OpenAPIObject): void {
  const schemas = document.components?.schemas ?? {};
  const ofBodies = schemasIn(
    operationsIn(document).map(({ requestBody }) => requestBody),
    schemas,
  );
  for (const [name, schema] of Object.entries(schemas)) {
    if (!ofBodies.has(name) || '$ref' in schema) continue;
    schema.additionalProperties = false;
    if (name === 'PatchCustomer' || name === 'PatchTenant') schema.minProperties = 1;
  }
}

/** What the billing API answers beyond its contract is passed on (U12), and shown in the examples. */
function openWhatIsPassedOn({ components }: OpenAPIObject): void {
  for (const [{ name }, example] of PASSED_ON) {
    const schema = components?.schemas?.[name];
    if (schema === undefined || '$ref' in schema) throw new Error(`${name} is not described`);
    schema.additionalProperties = true;
    // Else Swagger UI invents `additionalProp1`.
    schema.example = example;
  }
}

/** Each field of a patch says which scopes allow it. */
function addFieldScopes({ components }: OpenAPIObject): void {
  const patch = components?.schemas?.['PatchCustomer'];
  if (patch === undefined || '$ref' in patch) return;
  for (const field of PATCH_FIELDS) {
    const property = patch.properties?.[field];
    if (property === undefined || '$ref' in property) throw new Error(`${field} is not described`);
    const scopes = scopesFor(field);
    const sentence = `Scopes: ${scopes.map((scope) => `\`${scope}\``).join(' or ')}.`;
    property.description = [property.description, sentence].filter(Boolean).join(' ');
    Object.assign(property, { 'x-scopes': scopes });
  }
}

/** Names of the schemas in a part of the document, including nested ones. */
function schemasIn(
  part: unknown,
  schemas: Readonly<Record<string, unknown>>,
  names = new Set<string>(),
): ReadonlySet<string> {
  const text = JSON.stringify(part ?? null);
  for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    if (names.has(name)) continue;
    names.add(name);
    schemasIn(schemas[name], schemas, names);
  }
  return names;
}

/** Swagger UI at /docs and the document at /openapi.json. */
export function serveApiDocs(app: NestFastifyApplication, config: Config): void {
  const { oauth } = config.swagger;
  SwaggerModule.setup('docs', app, () => createApiDocument(app, config), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'billing-bff',
    customCss: STYLE,
    swaggerOptions: {
      plugins: [FOLDED_ERRORS],
      // The schema of a body shows its fields at once; the list of all schemas at the end stays closed.
      defaultModelExpandDepth: 2,
      defaultModelsExpandDepth: 0,
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
