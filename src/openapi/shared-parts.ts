import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { operationsIn } from './operations.js';

/** Describes once, in `components`, the parameters and problems that several operations have, and what is in them. */
export function shareParts(document: OpenAPIObject): void {
  const responses = operationsIn(document).flatMap(responsesOf);
  document.components = {
    ...document.components,
    headers: shared('headers', responses.flatMap(headersOf)),
    examples: shared('examples', responses.flatMap(examplesOf)),
    // After what is in them, because they are compared as they are then.
    responses: shared('responses', responses.filter(isProblem)),
    parameters: shared('parameters', operationsIn(document).flatMap(parametersOf)),
  };
}

/** A part of the document, and how it is replaced. */
interface Place<Part extends object> {
  readonly part: Part;
  /** Names for the part in `components`; the first that no other part has is taken. */
  readonly names: readonly string[];
  readonly replace: (reference: { readonly $ref: string }) => void;
}

/** Replaces equal parts by references. Returns the parts by name. */
function shared<Part extends object>(section: string, places: readonly Place<Part>[]): Record<string, Part> {
  const byText = new Map<string, Place<Part>[]>();
  for (const place of places) {
    const text = JSON.stringify(place.part);
    byText.set(text, [...(byText.get(text) ?? []), place]);
  }
  const parts = new Map<string, Part>();
  for (const equal of byText.values()) {
    const [first] = equal;
    const name = first?.names.find((each) => !parts.has(each));
    if (first === undefined || name === undefined || equal.length === 1) continue;
    parts.set(name, first.part);
    for (const { replace } of equal) replace({ $ref: `#/components/${section}/${name}` });
  }
  return Object.fromEntries(parts);
}

type Operation = ReturnType<typeof operationsIn>[number];
type Referable<Part> = Exclude<Part, { $ref: string } | undefined>;
type Response = Referable<Operation['responses'][string]>;

function responsesOf({ operationId = '', responses }: Operation): Place<Response>[] {
  return Object.entries(responses).flatMap(([status, part]) => {
    if (part === undefined || '$ref' in part) return [];
    const slugs = Object.keys(part.content?.[PROBLEM]?.examples ?? {});
    const name = inPascalCase(slugs.length === 1 ? String(slugs[0]) : String(STATUS_CODES[status]));
    const names = [name, `${name}Of${inPascalCase(operationId)}`];
    return [{ part, names, replace: (reference) => void (responses[status] = reference) }];
  });
}

const PROBLEM = 'application/problem+json';

function isProblem({ part }: Place<Response>): boolean {
  return part.content?.[PROBLEM] !== undefined;
}

function headersOf({ part: { headers = {} } }: Place<Response>): Place<object>[] {
  return Object.entries(headers).map(([name, part]) => ({
    part,
    names: [name],
    replace: (reference) => void (headers[name] = reference),
  }));
}

function examplesOf({ part: { content = {} }, names: [, owner = ''] }: Place<Response>): Place<object>[] {
  const { examples = {} } = content[PROBLEM] ?? {};
  return Object.entries(examples).map(([name, part]) => ({
    part: typeof part === 'object' ? part : {},
    names: [name, `${name}-in-${owner}`],
    replace: (reference) => void (examples[name] = reference),
  }));
}

function parametersOf({
  operationId = '',
  parameters = [],
}: Operation): Place<Referable<(typeof parameters)[number]>>[] {
  return parameters.flatMap((part, index) => {
    if ('$ref' in part) return [];
    const names = [part.name, `${part.name}Of${inPascalCase(operationId)}`];
    return [{ part, names, replace: (reference) => void (parameters[index] = reference) }];
  });
}

/** `precondition-failed` → `PreconditionFailed` */
function inPascalCase(text: string): string {
  return text.replace(/(?:^|[- ])(\w)/g, (_, letter: string) => letter.toUpperCase());
}
