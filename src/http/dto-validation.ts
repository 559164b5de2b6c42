import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { type Fault, type FaultPlace, pointerTo } from './problem.js';
import { RuleCarrier } from './rules.js';

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
export function validateDto<Dto extends object>(
  type: new () => Dto,
  value: unknown,
  placeOf: (path: Path) => FaultPlace = (path) => ({ pointer: pointerTo(...path) }),
): Validated<Dto> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { dto: new type(), faults: [{ pointer: '#', code: 'not-object', detail: 'must be an object' }] };
  }
  const { harmless, faults } = withoutTraps(value);
  const dto = plainToInstance(type, harmless);
  const errors = validateSync(dto, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  const all = [...faults, ...faultsOf(errors, []), ...droppedKeys(harmless, dto, [])];
  return {
    dto,
    faults: tidy(all).map(({ path, code, detail }) => ({ ...placeOf(path), code, detail })),
  };
}

/** The same of a parsed query. */
export function validateQuery<Dto extends object>(type: new () => Dto, query: object): Validated<Dto> {
  return validateDto(type, { ...query }, ([name]) => ({ parameter: String(name) }));
}

type Path = readonly (string | number)[];

interface Found {
  readonly path: Path;
  readonly code: string;
  readonly detail: string;
}

/** Keys that mean something to JavaScript; class-transformer would call or skip what it finds there. */
const TRAPS = new Set(['__proto__', 'constructor']);

/** A copy that is safe to hand on, and a fault for everything that was left out of it. */
function withoutTraps(value: object): { readonly harmless: object; readonly faults: Found[] } {
  const faults: Found[] = [];
  const copy = (original: object, path: Path): object => {
    const entries = Object.entries(original).flatMap(([key, member]: [string, unknown]) => {
      const here = [...path, key];
      if (TRAPS.has(key)) {
        faults.push(unknownField(here));
        return [];
      }
      if (typeof member !== 'object' || member === null) return [[key, member] as const];
      if (here.length < MAX_DEPTH) return [[key, copy(member, here)] as const];
      faults.push({ path: here, code: 'too-deep', detail: `may be nested ${MAX_DEPTH} levels deep at most` });
      return [[key, null] as const];
    });
    return Array.isArray(original) ? entries.map(([, member]) => member) : Object.fromEntries(entries);
  };
  return { harmless: copy(value, []), faults };
}

function faultsOf(errors: readonly ValidationError[], parent: Path): Found[] {
  return errors.flatMap((error) => {
    const path = [...parent, error.property];
    return [...ownFaults(error, path), ...faultsOf(error.children ?? [], path)];
  });
}

/** What failed without saying why is refused all the same. */
const UNEXPLAINED = { code: 'invalid', detail: 'is not accepted' };

function ownFaults(error: ValidationError, path: Path): Found[] {
  const constraints = Object.keys(error.constraints ?? {});
  if (constraints.length === 0) return [];
  if (constraints.includes('whitelistValidation')) return [unknownField(path)];
  const context: unknown = error.contexts?.['rule'];
  const carrier =
    typeof context === 'object' && context !== null && 'carrier' in context ? context.carrier : undefined;
  const faults = carrier instanceof RuleCarrier ? carrier.rule(error.value) : [];
  if (faults.length === 0) return [{ path, ...UNEXPLAINED }];
  return faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] }));
}

/** Keys that class-transformer leaves out without a word, such as names of methods: unknown fields like any other. */
function droppedKeys(value: object, kept: unknown, path: Path): Found[] {
  const keptKeys = new Map(typeof kept === 'object' && kept !== null ? Object.entries(kept) : []);
  return Object.entries(value).flatMap(([key, member]: [string, unknown]) => {
    const here = [...path, key];
    if (!keptKeys.has(key)) return [unknownField(here)];
    return typeof member === 'object' && member !== null ? droppedKeys(member, keptKeys.get(key), here) : [];
  });
}

function unknownField(path: Path): Found {
  return { path, code: 'unknown-field', detail: 'is not a field of this request' };
}

/** Faults that make everything below them meaningless. */
const WRONG_KIND = new Set(['required', 'null', 'not-object', 'not-list', 'not-text', 'not-boolean']);

/** Each fault once, none below a value of the wrong kind, and nothing unexplained where there is an explanation. */
function tidy(faults: readonly Found[]): Found[] {
  const keyOf = (path: Path): string => JSON.stringify(path.map(String));
  const wrongKind = new Set(faults.filter(({ code }) => WRONG_KIND.has(code)).map(({ path }) => keyOf(path)));
  const explained = new Set(
    faults.filter(({ code }) => code !== UNEXPLAINED.code).map(({ path }) => keyOf(path)),
  );
  const meant = faults.filter(({ path, code }) => {
    const below = path.some((_, depth) => depth > 0 && wrongKind.has(keyOf(path.slice(0, depth))));
    return code === UNEXPLAINED.code ? !explained.has(keyOf(path)) && !below : !below || TRAP_CODES.has(code);
  });
  return [...new Map(meant.map((fault) => [`${fault.code} ${keyOf(fault.path)}`, fault])).values()];
}

/** Said wherever they are: they are faults of the body, not of a field. */
const TRAP_CODES = new Set(['unknown-field', 'too-deep']);
