import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { accepts } from './acceptance-plan.js';
import { faultOfSending, NOT_A_PARAMETER } from './known-query.js';
import { type Fault, type FaultPlace, MAX_FAULTS, pointerTo } from './problem.js';
import { fault, faultsOf, isObject, type RuleFault, type Shape, shapesOf } from './rules.js';

export interface Validated<Dto> {
  /** Use it only if there are no faults. */
  readonly dto: Dto;
  /** At most one more than a problem reports. */
  readonly faults: Fault[];
}

/**
 * Checks a parsed body against a DTO's class-validator rules. Reports every fault at once, up to a limit. The DTO
 * bounds the part of a body that class-transformer and the rules see, whatever the size of the body. Values are not
 * changed: an accepted DTO serialises to the body that was sent.
 */
export function validateDto<Dto extends object>(
  type: new () => Dto,
  value: unknown,
  placeOf: (path: RuleFault['path']) => FaultPlace = (path) => ({ pointer: pointerTo(...path) }),
): Validated<Dto> {
  if (isObject(value) && accepts(type, value)) return { dto: Object.assign(new type(), value), faults: [] };
  const { dto, found } = isObject(value)
    ? validated(type, value)
    : { dto: new type(), found: fault('not-object', 'must be an object') };
  const reported = found.slice(0, MAX_FAULTS + 1);
  return { dto, faults: reported.map(({ path, code, detail }) => ({ ...placeOf(path), code, detail })) };
}

/** The same for a parsed query that `KnownQueryGuard` has seen. */
export function validateQuery<Dto extends object>(type: new () => Dto, query: object): Validated<Dto> {
  const parameters = Object.entries(query);
  const faultsOfSending = parameters.flatMap(([name, value]) => faultOfSending(name, value) ?? []);
  const single = Object.fromEntries(
    parameters.filter((parameter) => faultOfSending(...parameter) === undefined),
  );
  const { dto, faults } = validateDto(type, single, ([name]) => ({ parameter: String(name) }));
  const named = faults.map((one) =>
    one.code === 'unknown-field' ? { ...one, detail: NOT_A_PARAMETER } : one,
  );
  return { dto, faults: [...faultsOfSending, ...named] };
}

function validated<Dto extends object>(
  type: new () => Dto,
  value: Readonly<Record<string, unknown>>,
): { readonly dto: Dto; readonly found: readonly RuleFault[] } {
  const unknown: RuleFault[] = [];
  const dto = plainToInstance(type, fieldsOf(type, value, [], unknown));
  const errors = validateSync(dto, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  return { dto, found: [...faultsIn(errors, []), ...unknown] };
}

type Path = RuleFault['path'];

/**
 * A copy with only the DTO's fields: class-transformer would call a value under `constructor`, and would skip names
 * of methods without an error.
 * @param unknown gets a fault for each field that is left out
 */
function fieldsOf(
  type: new () => object,
  value: Readonly<Record<string, unknown>>,
  path: Path,
  unknown: RuleFault[],
): object {
  const shapes = shapesOf(type);
  const entries = Object.keys(value).flatMap((name) => {
    const here = [...path, name];
    const shape = shapes.get(name);
    if (shape !== undefined) return [[name, copyOf(shape, value[name], here, unknown)] as const];
    if (unknown.length <= MAX_FAULTS)
      unknown.push(...fault('unknown-field', 'is not a field of this request', ...here));
    return [];
  });
  return Object.fromEntries(entries);
}

/**
 * The part of a value that its rule checks: no item of a list with too many items, nothing below a value of the wrong
 * type.
 */
function copyOf(shape: Shape, value: unknown, path: Path, unknown: RuleFault[]): unknown {
  const { dto, maxItems } = shape;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (maxItems === undefined) return [];
    if (items.length > maxItems) return new Array<null>(maxItems + 1).fill(null);
    const item = dto === undefined ? {} : { dto };
    return items.map((entry, index) => copyOf(item, entry, [...path, index], unknown));
  }
  if (!isObject(value)) return value;
  return dto === undefined ? {} : fieldsOf(dto(), value, path, unknown);
}

/** A failure without a reason is refused, too. */
const UNEXPLAINED = fault('invalid', 'is not accepted');

/** Nothing below an invalid value is reported. */
function faultsIn(errors: readonly ValidationError[], parent: Path): RuleFault[] {
  return errors.flatMap(({ target, property, children = [], constraints }) => {
    const own = target === undefined ? [] : faultsOf(target, property);
    const reported = own.length === 0 && constraints !== undefined ? UNEXPLAINED : own;
    // Items of a list: an item that is not an object has nothing below it.
    const faulty = new Set(reported.map(({ path: [item] }) => String(item)));
    const sound = reported.some(({ path }) => path.length === 0) ? [] : children;
    const path = [...parent, property];
    return [
      ...reported.map((one) => ({ ...one, path: [...path, ...one.path] })),
      ...faultsIn(
        sound.filter((child) => !faulty.has(child.property)),
        path,
      ),
    ];
  });
}
