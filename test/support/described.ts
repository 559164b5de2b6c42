import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isObject } from '../../src/http/rules.js';
import type { TestAnswer } from './test-answer.js';

/** The parts of an OpenAPI document that answers are compared with. */
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, Response>>;
    readonly headers: Readonly<Record<string, Header>>;
  };
}

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Response | Reference>>;
}

interface Response {
  readonly headers?: Readonly<Record<string, Header | Reference>>;
  readonly content?: Readonly<Record<string, { readonly schema?: object; readonly examples?: object }>>;
}

interface Header {
  readonly schema: { readonly type: string };
  readonly required?: boolean;
}

interface Reference {
  readonly $ref: string;
}

/** Says what an answer has that the description lacks, and where it differs: nothing of it is news to a client. */
export type Compare = (method: string, path: string, answer: TestAnswer) => readonly string[];

const PROBLEM = 'application/problem+json';

/** Pages and files, which the description leaves out. */
const PAGES = /^\/($|docs|problems|openapi\.json|console)/;

/** Headers of HTTP itself, of browsers' security, and of CORS: the same for every answer. */
const OF_HTTP =
  /^(date|connection|keep-alive|content-length|content-type|transfer-encoding|vary|allow|content-security-policy|cross-origin-.*|origin-agent-cluster|referrer-policy|strict-transport-security|x-content-type-options|x-dns-prefetch-control|x-download-options|x-frame-options|x-permitted-cross-domain-policies|x-xss-protection|access-control-.*)$/;

/** @param document an OpenAPI document */
export function comparer(document: unknown): Compare {
  const description = document as Description;
  const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(closed(document) as object, 'openapi');
  const faultsIn = (pointer: string, value: unknown): string[] => {
    const validate = ajv.getSchema(`openapi#${pointer}`);
    if (validate === undefined) return [`there is no schema at ${pointer}`];
    if (validate(value) === true) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message = '', params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };

  return (method, url, { status, headers, body }) => {
    const [path = ''] = url.split('?');
    const mediaType = headers.get('content-type')?.split(';')[0];
    const found = find(description, method, path, mediaType);
    if (found === undefined) {
      if (PAGES.test(path)) return [];
      return mediaType === PROBLEM || method === 'HEAD'
        ? faultsIn('/components/schemas/Problem', body).filter(() => method !== 'HEAD')
        : [`${mediaType} where nothing is described`];
    }
    const { template, verb, operation } = found;
    const reference = operation.responses[status];
    if (reference === undefined) return [`the status ${status} of ${operation.operationId} is not described`];
    const response = '$ref' in reference ? description.components.responses[nameIn(reference)] : reference;
    const pointer =
      '$ref' in reference
        ? reference.$ref.slice(1)
        : `/paths/${encode(template)}/${verb}/responses/${status}`;
    if (response === undefined) return [`${pointer} is not there`];
    return [
      ...faultsOfHeaders(response, headers),
      ...(method === 'HEAD' ? [] : faultsOfBody(response, pointer, mediaType, body)),
    ].map((fault) => `${operation.operationId}, ${status}: ${fault}`);
  };

  function faultsOfHeaders({ headers: described = {} }: Response, headers: Headers): string[] {
    const known = new Map(
      Object.entries(described).map(([name, header]) => [
        name.toLowerCase(),
        '$ref' in header ? description.components.headers[nameIn(header)] : header,
      ]),
    );
    const missing = [...known].filter(([name, header]) => header?.required === true && !headers.has(name));
    return [
      ...missing.map(([name]) => `the header ${name} is missing`),
      ...[...headers].flatMap(([name, value]) => {
        if (OF_HTTP.test(name)) return [];
        const header = known.get(name);
        if (header === undefined) return [`the header ${name} is not described`];
        const parsed = header.schema.type === 'integer' ? Number(value) : value;
        return ajv.validate(header.schema, parsed) ? [] : [`the header ${name}: ${ajv.errorsText()}`];
      }),
    ];
  }

  function faultsOfBody(
    { content = {} }: Response,
    pointer: string,
    mediaType: string | undefined,
    body: unknown,
  ): string[] {
    if (mediaType === undefined && body === undefined && Object.keys(content).length === 0) return [];
    const media = content[mediaType ?? ''];
    if (media === undefined) return [`a body of ${mediaType} is not described`];
    const value = mediaType === 'application/json' || mediaType === PROBLEM ? body : String(body);
    const faults = faultsIn(`${pointer}/content/${encode(mediaType ?? '')}/schema`, value);
    if (mediaType !== PROBLEM || !isObject(body)) return faults;
    const slug = String(body['type']).split(':').at(-1) ?? '';
    return Object.hasOwn(media.examples ?? {}, slug) ? faults : [...faults, `${slug} is not described`];
  }
}

interface Found {
  readonly template: string;
  readonly verb: string;
  readonly operation: Operation;
}

/** The operation that a request is about: the path with the fewest parameters that fits. An export has its own. */
function find(
  { paths }: Description,
  method: string,
  path: string,
  mediaType: string | undefined,
): Found | undefined {
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
  const found = Object.entries(paths)
    .filter(([template]) => patternOf(template).test(path))
    .sort(([one], [other]) => one.split('{').length - other.split('{').length)
    .flatMap(([template, item]): Found[] => {
      const operation = item[verb];
      return operation === undefined ? [] : [{ template, verb, operation }];
    });
  const fits = ({ operation: { responses } }: Found): boolean =>
    Object.values(responses).some(
      (response) => 'content' in response && mediaType !== undefined && mediaType in (response.content ?? {}),
    );
  return found.find(fits) ?? found[0];
}

/** The last parameter of a tile's path may have slashes. */
function patternOf(template: string): RegExp {
  const [path = ''] = template.split('#');
  return new RegExp(
    `^${path
      .replaceAll('.', '\\.')
      .replace(/\{path\}/, '.+')
      .replace(/\{\w+\}/g, '[^/]+')}$`,
  );
}

const nameIn = ({ $ref }: Reference): string => $ref.split('/').at(-1) ?? '';

const encode = (step: string): string => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'));

/** The same document, in which no object has other members than its schema says, unless the schema allows any. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (!isObject(part)) return part;
  const members = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, closed(value)]));
  const isOpen = isObject(part['properties']) && !('additionalProperties' in part);
  return isOpen ? { ...members, unevaluatedProperties: false } : members;
}
