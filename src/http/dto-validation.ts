import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { type Fault, pointerTo } from './problem.js';
import { RuleContext } from './rules.js';

export interface Validated<Dto> {
  /** Only to be used when there are no faults. */
  readonly dto: Dto;
  readonly faults: Fault[];
}

/** Deeper than any documented body; nothing that recurses ever sees more. */
const MAX_DEPTH = 8;

/**
 * Checks a parsed body against a DTO's class-validator rules and finds every fault at once. Values are not
 * changed: an accepted DTO serialises to what was sent.
 */
export function validateDto<Dto extends object>(type: new () => Dto, value: unknown): Validated<Dto> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { dto: new type(), faults: [{ pointer: '#', code: 'not-object', detail: 'must be an object' }] };
  }
  const tooDeep = deeperThan(value, MAX_DEPTH);
  if (tooDeep !== undefined) {
    const detail = `may be nested ${MAX_DEPTH} levels deep at most`;
    return { dto: new type(), faults: [{ pointer: pointerTo(...tooDeep), code: 'too-deep', detail }] };
  }
  const dto = plainToInstance(type, value);
  const errors = validateSync(dto, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  const faults = [...faultsOf(errors, []), ...droppedKeys(value, dto, [])];
  return { dto, faults: unique(faults) };
}

type Path = readonly (string | number)[];

function faultsOf(errors: readonly ValidationError[], parent: Path): Fault[] {
  return errors.flatMap((error) => {
    const path = [...parent, error.property];
    return [...ownFaults(error, path), ...faultsOf(error.children ?? [], path)];
  });
}

function ownFaults(error: ValidationError, path: Path): Fault[] {
  const constraints = error.constraints ?? {};
  if ('whitelistValidation' in constraints) return [unknownField(path)];
  const context: unknown = error.contexts?.['rule'];
  if (!(context instanceof RuleContext)) return [];
  return context.rule(error.value).map((found) => ({
    pointer: pointerTo(...path, ...found.path),
    code: found.code,
    detail: found.detail,
  }));
}

/**
 * Keys that class-transformer leaves out without a word: `__proto__`, `constructor`, and names of methods
 * such as `toString`. No documented field is among them, so they are unknown fields like any other.
 */
function droppedKeys(value: object, kept: unknown, path: Path): Fault[] {
  const keptKeys = new Map(typeof kept === 'object' && kept !== null ? Object.entries(kept) : []);
  return Object.entries(value).flatMap(([key, member]: [string, unknown]) => {
    const here = [...path, key];
    if (!keptKeys.has(key)) return [unknownField(here)];
    return typeof member === 'object' && member !== null ? droppedKeys(member, keptKeys.get(key), here) : [];
  });
}

function unknownField(path: Path): Fault {
  return { pointer: pointerTo(...path), code: 'unknown-field', detail: 'is not a field of this request' };
}

function unique(faults: readonly Fault[]): Fault[] {
  const seen = new Map(faults.map((fault) => [`${fault.code} ${fault.pointer}`, fault]));
  return [...seen.values()];
}

/** The path of the first value below `limit` levels. Without recursion: the depth is the caller's choice. */
function deeperThan(value: object, limit: number): Path | undefined {
  const open: { readonly value: object; readonly path: Path }[] = [{ value, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.path.length >= limit) return next.path;
    for (const [key, member] of Object.entries(next.value)) {
      const child: unknown = member;
      if (typeof child === 'object' && child !== null) open.push({ value: child, path: [...next.path, key] });
    }
  }
  return undefined;
}
