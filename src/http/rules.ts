import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { getMetadataStorage, ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import type { FaultCode } from './problem.js';

/** A fault at, or below, the value that a rule looks at. */
export interface RuleFault {
  readonly path: readonly (string | number)[];
  readonly code: FaultCode;
  readonly detail: string;
}

/** Looks at one value of a body; an empty answer means that it is accepted. */
export type Rule = (value: unknown) => readonly RuleFault[];

/** How much of a field's value is worth looking at. */
export interface Shape {
  /** The class of its value, or of each item of its list. */
  readonly dto?: () => new () => object;
  /** Items that a list may have; absent: it is no list. */
  readonly maxItems?: number;
}

/** A class-validator decorator that applies the rules in turn; the first with faults decides. */
export function Satisfies(...rules: readonly Rule[]): PropertyDecorator {
  return constraint(inTurn(...rules), {});
}

/** May be absent, but not null: `@IsOptional()` would let null through, and a null clears nothing (U1). */
export function MayBeAbsent(): PropertyDecorator {
  return applyDecorators(
    ValidateIf((_, value) => value !== undefined),
    ApiProperty({ required: false }),
  );
}

/** A list of at most `max` items, each of which satisfies the rule. */
export function ListOf(max: number, item: Rule): PropertyDecorator {
  return constraint(list(max, item), { maxItems: max });
}

/** An object with a DTO of its own. */
export function NestedObject(dto: () => new () => object): PropertyDecorator {
  return applyDecorators(
    constraint(object, { dto }),
    ValidateNested(),
    Type(dto),
    ApiProperty({ type: () => dto() }),
  );
}

/** A list of at most `max` objects with a DTO of their own. */
export function NestedList(dto: () => new () => object, max: number): PropertyDecorator {
  return applyDecorators(
    constraint(list(max, object), { dto, maxItems: max }),
    ValidateNested(),
    Type(dto),
    ApiProperty({ type: () => dto(), isArray: true, maxItems: max }),
  );
}

export const RULE = 'rule';

/** class-validator itself only knows pass or fail: what a rule found is kept beside the instance it looked at. */
function constraint(rule: Rule, shape: Shape): PropertyDecorator {
  const check = inTurn(required, rule);
  return ValidateBy(
    {
      name: RULE,
      validator: {
        validate: (value, context) => {
          const faults = check(value);
          if (context !== undefined && faults.length > 0) found(context.object).set(context.property, faults);
          return faults.length === 0;
        },
        defaultMessage: () => 'is not accepted',
      },
    },
    { context: { shape, rule: check } },
  );
}

const FOUND = new WeakMap<object, Map<string, readonly RuleFault[]>>();

function found(instance: object): Map<string, readonly RuleFault[]> {
  const faults = FOUND.get(instance) ?? new Map<string, readonly RuleFault[]>();
  FOUND.set(instance, faults);
  return faults;
}

/** What the rule of a property found when class-validator asked it. */
export function faultsOf(instance: object, property: string): readonly RuleFault[] {
  return FOUND.get(instance)?.get(property) ?? [];
}

const SHAPES = new WeakMap<object, ReadonlyMap<string, Shape>>();

/** The fields of a DTO, as class-validator knows them. */
export function shapesOf(dto: new () => object): ReadonlyMap<string, Shape> {
  const known = SHAPES.get(dto);
  if (known !== undefined) return known;
  const constraints = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
  const shapes = new Map(
    constraints
      .filter(({ name }) => name === RULE)
      .map(({ propertyName, context }: { propertyName: string; context?: { shape?: Shape } }) => [
        propertyName,
        context?.shape ?? {},
      ]),
  );
  SHAPES.set(dto, shapes);
  return shapes;
}

export function fault(code: FaultCode, detail: string, ...path: readonly (string | number)[]): RuleFault[] {
  return [{ path, code, detail }];
}

/** The first rule with faults decides: what is no text has no length either. */
export function inTurn(...rules: readonly Rule[]): Rule {
  return (value) => {
    for (const rule of rules) {
      const faults = rule(value);
      if (faults.length > 0) return faults;
    }
    return [];
  };
}

const required: Rule = (value) => {
  if (value === undefined) return fault('required', 'is required');
  if (value === null) return fault('null', 'may not be null; leave the field out to keep its value');
  return [];
};

const object: Rule = (value) => (isObject(value) ? [] : fault('not-object', 'must be an object'));

export const boolean: Rule = (value) =>
  typeof value === 'boolean' ? [] : fault('not-boolean', 'must be true or false');

/** A list of at most `max` items, each of which satisfies the rule. The items of a longer one are not looked at. */
function list(max: number, item: Rule): Rule {
  const each = inTurn(required, item);
  return (value) => {
    if (!Array.isArray(value)) return fault('not-list', 'must be a list');
    const items: readonly unknown[] = value;
    if (items.length > max) return fault('too-many', `may have at most ${max} items`);
    return items.flatMap((entry, index) =>
      each(entry).map(({ path, ...rest }) => ({ ...rest, path: [index, ...path] })),
    );
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
