import type { OpenAPIObject } from '@nestjs/swagger';
import { REQUEST_ID_HEADER } from '../http/api-docs.js';
import { EXPORT_FORMATS } from './export-formats.js';

const LIST_PATH = '/api/v1/audit-events';

/** Query parameters of one of the two operations alone. */
const OF_EXPORT = 'after_leaf';
const OF_LIST = ['limit', 'cursor'];

/**
 * Describes the export, the same route as the list with another `Accept`, as an operation of its own: otherwise the list
 * would have the types of all exports besides its own, and typed clients could not read it (ADR 0040). Its path has a
 * fragment, which no client sends.
 */
export function describeExport({ paths }: OpenAPIObject): void {
  const list = paths[LIST_PATH]?.get;
  if (list === undefined) throw new Error('the list of audit events is not described');
  const { parameters = [], responses } = list;
  const nameOf = (parameter: (typeof parameters)[number]): string =>
    'name' in parameter ? parameter.name : '';
  paths[`${LIST_PATH}#export`] = {
    get: {
      ...list,
      operationId: 'exportAuditEvents',
      summary: 'Export audit events',
      description: DESCRIPTION,
      parameters: parameters.filter((parameter) => !OF_LIST.includes(nameOf(parameter))),
      responses: {
        ...responses,
        200: {
          description: 'All matching events, oldest first.',
          headers: { ...REQUEST_ID_HEADER, 'Content-Disposition': FILE_NAME },
          content: Object.fromEntries(
            EXPORT_FORMATS.map(({ mediaType }) => [mediaType, { schema: { type: 'string' } }]),
          ),
        },
      },
    },
  };
  list.parameters = parameters.filter((parameter) => nameOf(parameter) !== OF_EXPORT);
}

const FILE_NAME = {
  description: 'An attachment, with a name for its file.',
  required: true,
  schema: { type: 'string', example: 'attachment; filename="audit-events-acme.ndjson"' },
} as const;

const DESCRIPTION =
  'Streams all matching events, oldest first. `Accept` chooses the format: `application/x-ndjson`, `text/csv`, or ' +
  '`application/vnd.ocsf.api-activity+x-ndjson` (OCSF 1.9, class 6003); without it this is the list. An NDJSON export ' +
  'without filters can be verified offline; with `after_leaf` it begins where the last one ended. With the scope ' +
  '`audit:read:clear` each change has its values in `clear`, unless `clear=false`. Each export is an event of the trail, too.';
