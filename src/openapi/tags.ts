import type { OpenAPIObject } from '@nestjs/swagger';
import { operationsOf } from './operations.js';

/** The tags, in the order in which a newcomer needs them, with what each group of routes is for. */
export const TAGS = {
  Customers:
    'Change and read the customers of your tenant. A patch is checked, recorded, sent to the billing API, compared with ' +
    'its answer, and recorded again.',
  Preview:
    'What a patch would do, without doing it: every change, warnings, and the tag that makes it certain.',
  Operations:
    'How a patch ended. Every patch that got past the checks is an operation; `X-Operation-Id` names it.',
  Audit:
    'Who changed what, from what to what, and whether it really happened: events, exports, and the log that proves that ' +
    'nothing was taken out or changed since. Scope `audit:read`.',
  Tenants: 'Tenants and their tokens for the billing API, for operators. Scope `tenants:admin`.',
  Health: 'Probes and metrics. No token.',
} as const;

/** Puts the paths into the order of their tags; paths of the same tag keep theirs. */
export function inOrderOfTags(paths: OpenAPIObject['paths']): OpenAPIObject['paths'] {
  const order: readonly string[] = Object.keys(TAGS);
  const place = (path: OpenAPIObject['paths'][string]): number =>
    order.indexOf(operationsOf(path)[0]?.tags?.[0] ?? '');
  return Object.fromEntries(Object.entries(paths).sort(([, one], [, other]) => place(one) - place(other)));
}
