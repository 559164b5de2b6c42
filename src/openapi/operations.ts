import type { OpenAPIObject } from '@nestjs/swagger';

type PathItem = OpenAPIObject['paths'][string];

/** An operation of the document. */
export type Operation = NonNullable<PathItem['get']>;

/** The operations of a path. */
export function operationsOf({ get, put, patch, post, delete: remove }: PathItem): Operation[] {
  return [patch, post, get, put, remove].filter((operation) => operation !== undefined);
}

/** All operations of a document. */
export function operationsIn({ paths }: Pick<OpenAPIObject, 'paths'>): Operation[] {
  return Object.values(paths).flatMap(operationsOf);
}
