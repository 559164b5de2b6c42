import type { OpenAPIObject } from '@nestjs/swagger';
import type { SwaggerConfig } from '../config/config.js';
import { operationsIn } from './operations.js';

/**
 * Offers the customers as named examples wherever one is addressed. Swagger UI fills in the first one.
 * @param name of the parameter that addresses a customer
 */
export function offerCustomers(
  document: OpenAPIObject,
  name: string,
  customers: SwaggerConfig['customers'],
): void {
  const offered = Object.entries(customers);
  if (offered.length === 0) return;
  const examples = Object.fromEntries(offered.map(([value, summary]) => [value, { summary, value }]));
  for (const { parameters = [] } of operationsIn(document))
    for (const parameter of parameters)
      if (!('$ref' in parameter) && parameter.name === name) parameter.examples = examples;
}
