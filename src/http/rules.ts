import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ValidateBy, ValidateIf, ValidateNested } from 'class-validator';

/** A fault below the value that a rule looks at. */
export interface RuleFault {
  readonly path: readonly (string | number)[];
  readonly code: string;
  readonly detail: string;
}

/** Looks at one value of a body; an empty answer means that it is accepted. */
export type Rule = (value: unknown) => readonly RuleFault[];

/**
 * Carries the rule to where its faults are collected: class-validator itself only knows pass or fail. It copies
 * the members of a context, so the carrier is one of them.
 */
export class RuleCarrier {
  constructor(readonly rule: Rule) {}
}

/** A class-validator decorator that applies the rules in turn; the first with faults decides. */
export function Satisfies(...rules: readonly Rule[]): PropertyDecorator {
  const rule = inTurn(required, ...rules);
  return ValidateBy(
    {
      name: 'rule',
      validator: {
        validate: (value) => rule(value).length === 0,
        defaultMessage: () => 'is not accepted',
      },
    },
    { context: { carrier: new RuleCarrier(rule) } },
  );
}

/** May be absent, but not null: `@IsOptional()` would let null through, and a null clears nothing (U1). */
export function MayBeAbsent(): PropertyDecorator {
  return applyDecorators(
    ValidateIf((_, value) => value !== undefined),
    ApiProperty({ required: false }),
  );
}

/** An object with a DTO of its own. */
export function NestedObject(dto: () => new () => object): PropertyDecorator {
  return applyDecorators(Satisfies(object), ValidateNested(), Type(dto), ApiProperty({ type: () => dto() }));
}

/** A list of at most `max` objects with a DTO of their own. */
export function NestedList(dto: () => new () => object, max: number): PropertyDecorator {
  return applyDecorators(
    Satisfies(list(max, object)),
    ValidateNested(),
    Type(dto),
    ApiProperty({ type: () => dto(), isArray: true, maxItems: max }),
  );
}

export function fault(code: string, detail: string, ...path: readonly (string | number)[]): RuleFault[] {
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

export const required: Rule = (value) => {
  if (value === undefined) return fault('required', 'is required');
  if (value === null) return fault('null', 'may not be null; leave the field out to keep its value');
  return [];
};

export const object: Rule = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? []
    : fault('not-object', 'must be an object');

export const boolean: Rule = (value) =>
  typeof value === 'boolean' ? [] : fault('not-boolean', 'must be true or false');

/** Well-formed text without control characters or line breaks, `min` to `max` characters (code points). */
export function text(min: number, max: number): Rule {
  return (value) => {
    if (typeof value !== 'string') return fault('not-text', 'must be text');
    if (!value.isWellFormed()) return fault('lone-surrogate', 'must be well-formed Unicode');
    if (/[\p{Cc}\u2028\u2029]/u.test(value)) {
      return fault('control-character', 'may not contain control characters or line breaks');
    }
    const { length } = Array.from(value);
    if (length < min) return fault('too-short', `must have at least ${min} character${min === 1 ? '' : 's'}`);
    return length > max ? fault('too-long', `may have ${max} characters at most`) : [];
  };
}

/** Text that also passes `accepts`. */
export function textThat(accepts: (value: string) => boolean, code: string, detail: string): Rule {
  return (value) => (typeof value === 'string' && accepts(value) ? [] : fault(code, detail));
}

/** A list of at most `max` items, each of which satisfies the rule. */
export function list(max: number, item: Rule): Rule {
  const each = inTurn(required, item);
  return (value) => {
    if (!Array.isArray(value)) return fault('not-list', 'must be a list');
    const items: readonly unknown[] = value;
    const tooMany = items.length > max ? fault('too-many', `may have ${max} items at most`) : [];
    const faults = items.flatMap((entry, index) =>
      each(entry).map(({ path, ...rest }) => ({ ...rest, path: [index, ...path] })),
    );
    return [...tooMany, ...faults];
  };
}
