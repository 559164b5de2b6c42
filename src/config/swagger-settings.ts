import type { SwaggerConfig } from './config.js';
import { parsePlainUrl, type SettingReader } from './setting-reader.js';

/** Swagger UI: whether it is there, its Authorize button, and the customers that it offers. */
export function readSwagger(read: SettingReader, production: boolean): SwaggerConfig {
  return {
    enabled: read.boolean('SWAGGER_ENABLED', !production),
    oauth: readOauth(read, production),
    customers: readCustomers(read),
  };
}

function readOauth(read: SettingReader, production: boolean): SwaggerConfig['oauth'] {
  const tokenUrl = read.optional('SWAGGER_OAUTH_TOKEN_URL');
  const clientId = read.optional('SWAGGER_OAUTH_CLIENT_ID');
  const clientSecret = read.optional('SWAGGER_OAUTH_CLIENT_SECRET');
  if (tokenUrl === undefined) return undefined;
  if (parsePlainUrl(tokenUrl, ['http:', 'https:']) === undefined) {
    read.fault('SWAGGER_OAUTH_TOKEN_URL', 'must be an http:// or https:// URL');
  }
  if (production && clientSecret !== undefined) {
    read.fault(
      'SWAGGER_OAUTH_CLIENT_SECRET',
      'is shown to everybody who opens /docs: unset it in production',
    );
  }
  return {
    tokenUrl,
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientSecret === undefined ? {} : { clientSecret }),
  };
}

function readCustomers(read: SettingReader): SwaggerConfig['customers'] {
  const value = read.optional('SWAGGER_CUSTOMERS');
  if (value === undefined) return {};
  const customers = textsOf(value);
  if (customers === undefined)
    read.fault('SWAGGER_CUSTOMERS', 'must be a JSON object of texts, such as {"acme": "Everything is set"}');
  return customers ?? {};
}

function textsOf(json: string): Record<string, string> | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    const texts = Object.entries(parsed).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return texts.length === Object.keys(parsed).length ? Object.fromEntries(texts) : undefined;
  } catch {
    return undefined;
  }
}
