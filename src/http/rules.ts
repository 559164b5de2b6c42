import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { FaultCode } from './problem.js';

/** A fault at, or below, the value that a rule looks at. */
export interface RuleFault {
  readonly path: readonly (string | number)[];
  readonly code: FaultCode;
  readonly detail: string;
}

/**
 * Looks at one value of a body and tells its faults; none means that it is accepted. A rule may tell them one by
 * one (a generator): whoever asks stops when enough are known, and the rest is not looked at.
 */
export type Rule = (value: unknown) => Iterable<RuleFault>;

/** A field of a DTO: the rules apply in turn, the first with faults decides. */
export function Satisfies(...rules: readonly Rule[]): PropertyDecorator {
  const rule = inTurn(required, ...rules);
  return (prototype, name) => {
    declare(prototype, name, { rule });
  };
}

/** May be absent, but not null: a null clears nothing (U1). */
export function MayBeAbsent(): PropertyDecorator {
  return applyDecorators(
    (prototype: object, name: string | symbol) => {
      declare(prototype, name, { mayBeAbsent: true });
    },
    ApiProperty({ required: false }),
  );
}

/** An object with a DTO of its own. */
export function NestedObject(dto: () => new () => object): PropertyDecorator {
  return applyDecorators(Satisfies(membersOf(dto)), ApiProperty({ type: () => dto() }));
}

/** A list of at most `max` objects with a DTO of their own. */
export function NestedList(dto: () => new () => object, max: number): PropertyDecorator {
  return applyDecorators(
    Satisfies(list(max, membersOf(dto))),
    ApiProperty({ type: () => dto(), isArray: true, maxItems: max }),
  );
}

interface Field {
  readonly rule: Rule;
  readonly mayBeAbsent: boolean;
}

/** The fields of each DTO by its class, in the order of their declaration. */
const FIELDS = new WeakMap<object, Map<string, Field>>();

function declare(prototype: object, name: string | symbol, part: Partial<Field>): void {
  const fields = FIELDS.get(prototype.constructor) ?? new Map<string, Field>();
  const before = fields.get(String(name)) ?? { rule: () => [], mayBeAbsent: false };
  FIELDS.set(prototype.constructor, fields.set(String(name), { ...before, ...part }));
}

/** Whether a DTO has such a field. */
export function isFieldOf(dto: new () => object, name: string): boolean {
  return FIELDS.get(dto)?.has(name) ?? false;
}

/** An object whose members are the DTO's fields, and no others. */
export function membersOf(dto: () => new () => object): Rule {
  return function* (value) {
    if (!isObject(value)) return yield* fault('not-object', 'must be an object');
    const fields = FIELDS.get(dto()) ?? new Map<string, Field>();
    for (const [name, { rule, mayBeAbsent }] of fields) {
      const member = Object.hasOwn(value, name) ? value[name] : undefined;
      if (member !== undefined || !mayBeAbsent) yield* below(name, rule(member));
    }
    for (const name of Object.keys(value)) {
      if (!fields.has(name)) yield* fault('unknown-field', 'is not a field of this request', name);
    }
  };
}

/** A list of at most `max` items, each of which satisfies the rule. The items of a longer one are not looked at. */
export function list(max: number, item: Rule): Rule {
  const each = inTurn(required, item);
  return function* (value) {
    if (!Array.isArray(value)) return yield* fault('not-list', 'must be a list');
    const items: readonly unknown[] = value;
    if (items.length > max) return yield* fault('too-many', `may have ${max} items at most`);
    for (const [index, entry] of items.entries()) yield* below(index, each(entry));
  };
}

function* below(step: string | number, faults: Iterable<RuleFault>): Iterable<RuleFault> {
  for (const { path, ...rest } of faults) yield { ...rest, path: [step, ...path] };
}

export function fault(code: FaultCode, detail: string, ...path: readonly (string | number)[]): RuleFault[] {
  return [{ path, code, detail }];
}

/** The first rule with faults decides: what is no text has no length either. */
export function inTurn(...rules: readonly Rule[]): Rule {
  return function* (value) {
    for (const rule of rules) {
      let passed = true;
      for (const found of rule(value)) {
        passed = false;
        yield found;
      }
      if (!passed) return;
    }
  };
}

const required: Rule = (value) => {
  if (value === undefined) return fault('required', 'is required');
  if (value === null) return fault('null', 'may not be null; leave the field out to keep its value');
  return [];
};

export const boolean: Rule = (value) =>
  typeof value === 'boolean' ? [] : fault('not-boolean', 'must be true or false');

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
