import { type Fault, type FaultPlace, MAX_FAULTS, pointerTo } from './problem.js';
import { isFieldOf, isObject, membersOf, type RuleFault } from './rules.js';

export interface Validated<Dto> {
  /** Only to be trusted when there are no faults. */
  readonly dto: Dto;
  /** Up to one more than a problem shows. */
  readonly faults: Fault[];
}

/**
 * Checks a parsed body against a DTO's rules and finds every fault at once, or as many as are worth telling. What
 * it looks at is bounded by the DTO, not by the size of the body. Values are not changed: an accepted DTO
 * serialises to what was sent.
 */
export function validateDto<Dto extends object>(
  type: new () => Dto,
  value: unknown,
  placeOf: (path: RuleFault['path']) => FaultPlace = (path) => ({ pointer: pointerTo(...path) }),
): Validated<Dto> {
  const faults: Fault[] = [];
  for (const { path, code, detail } of membersOf(() => type)(value)) {
    faults.push({ ...placeOf(path), code, detail });
    if (faults.length > MAX_FAULTS) break;
  }
  return { dto: Object.assign(new type(), fieldsIn(value, type)), faults };
}

/** The same of a parsed query. */
export function validateQuery<Dto extends object>(type: new () => Dto, query: object): Validated<Dto> {
  return validateDto(type, { ...query }, ([name]) => ({ parameter: String(name) }));
}

/** No key of another name is copied, `__proto__` least of all. */
function fieldsIn(value: unknown, type: new () => object): object {
  if (!isObject(value)) return {};
  const fields = Object.keys(value).filter((name) => isFieldOf(type, name));
  return Object.fromEntries(fields.map((name) => [name, value[name]]));
}
