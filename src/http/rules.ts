import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { getMetadataStorage, ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import type { FaultCode } from './problem.js';

/** A fault at, or below, the value that a rule checks. */
export interface RuleFault {
  readonly path: readonly (string | number)[];
  readonly code: FaultCode;
  readonly detail: string;
}

/** Checks one value of a body. Returns its faults; none means that the value is accepted. */
export type Rule = (value: unknown) => readonly RuleFault[];

/** The part of a field's value that is checked. */
export interface Shape {
  /** The class of the value, or of each item of the list. */
  readonly dto?: () => new () => object;
  /** Maximum number of items of a list; absent if it is not a list. */
  readonly maxItems?: number;
}

/** A class-validator decorator that applies the rules one after the other, until one reports faults. */
export function Satisfies(...rules: readonly Rule[]): PropertyDecorator {
  return constraint(inTurn(...rules), {});
}

/** May be absent, but not null: `@IsOptional()` would accept null, and null clears nothing (U1). */
export function MayBeAbsent(): PropertyDecorator {
  return applyDecorators(
    ValidateIf((_, value) => value !== undefined),
    ApiProperty({ required: false }),
  );
}

/** May be absent, and may be null, which clears it. */
export function MayBeCleared(): PropertyDecorator {
  return applyDecorators(
    ValidateIf((_, value) => value !== undefined && value !== null),
    ApiProperty({ required: false, nullable: true }),
  );
}

/** A list of at most `max` items, each of which satisfies the rule. */
export function ListOf(max: number, item: Rule): PropertyDecorator {
  return constraint(list(max, item), { maxItems: max });
}

/** An object with its own DTO. */
export function NestedObject(dto: () => new () => object): PropertyDecorator {
  return applyDecorators(
    constraint(object, { dto }),
    ValidateNested(),
    Type(dto),
    ApiProperty({ type: () => dto() }),
  );
}

/** A list of at most `max` objects with their own DTO. */
export function NestedList(dto: () => new () => object, max: number): PropertyDecorator {
  return applyDecorators(
    constraint(list(max, object), { dto, maxItems: max }),
    ValidateNested(),
    Type(dto),
    ApiProperty({ type: () => dto(), isArray: true, maxItems: max }),
  );
}

export const RULE = 'rule';

/**
 * class-validator itself has only pass and fail. So the faults of a rule are kept next to the instance that was
 * checked.
 */
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

/** The faults that the rule of a property reported to class-validator. */
export function faultsOf(instance: object, property: string): readonly RuleFault[] {
  return FOUND.get(instance)?.get(property) ?? [];
}

const SHAPES = new WeakMap<object, ReadonlyMap<string, Shape>>();

/** The fields of a DTO, from class-validator's metadata. */
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

/** Applies rules until one reports faults: a value that is not text has no length either. */
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
  if (value === null) return fault('null', 'may not be null');
  return [];
};

const object: Rule = (value) => (isObject(value) ? [] : fault('not-object', 'must be an object'));

export const boolean: Rule = (value) =>
  typeof value === 'boolean' ? [] : fault('not-boolean', 'must be true or false');

/** A list of at most `max` items, each of which satisfies the rule. The items of a longer list are not checked. */
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
