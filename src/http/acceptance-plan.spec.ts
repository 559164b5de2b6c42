import { types } from 'node:util';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, IsEmail, IsOptional, validateSync } from 'class-validator';
import fc from 'fast-check';
import { accepts } from './acceptance-plan.js';
import { boolean, isObject, ListOf, MayBeAbsent, NestedList, NestedObject, Satisfies } from './rules.js';
import { text } from './text-rules.js';

type Dto = new () => object;
const NAMES = ['a', 'b', 'c'] as const;

class Inner {
  @Satisfies(text(1, 3)) a: string;
  @MayBeAbsent() @Satisfies(boolean) b?: boolean;
}

// class-validator takes for an object what inherits from Object, from Node's, as Date does here: class-validator is loaded
// by Node, this class by jest.
Object.setPrototypeOf(Inner.prototype, Reflect.getPrototypeOf(Date.prototype));

const KINDS: Record<string, () => PropertyDecorator> = {
  text: () => Satisfies(text(1, 3)),
  boolean: () => Satisfies(boolean),
  list: () => ListOf(2, text(0, 2)),
  nested: () => NestedObject(() => Inner),
  'nested list': () => NestedList(() => Inner, 2),
};

/** A class with some of the fields, each of some kind. */
function dtoOf(fields: readonly (readonly [string, string, boolean])[]): Dto {
  class Generated {
    readonly generated?: true;
  }
  for (const [name, kind, mayBeAbsent] of fields) {
    KINDS[kind]?.()(Generated.prototype, name);
    if (mayBeAbsent) MayBeAbsent()(Generated.prototype, name);
  }
  return Generated;
}

/** class-validator looks through all classes that it knows for each body that it checks, also in later files. */
function forget(dto: Dto): void {
  const known: unknown = getMetadataStorage()['validationMetadatas'];
  if (!types.isMap(known)) throw new Error('class-validator keeps its classes elsewhere');
  known.delete(dto);
}

const dtos = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...Object.keys(KINDS)), fc.boolean()), {
    selector: ([name]) => name,
    minLength: 1,
  })
  .map(dtoOf);

const leaves = fc.constantFrom<unknown>(null, true, 0, '', 'x', 'four', '\ud83d\ude00', 'a\nb');
const { body } = fc.letrec<{ body: unknown; value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, leaves, fc.array(tie('value'), { maxLength: 3 }), tie('body')),
  body: fc.dictionary(fc.constantFrom(...NAMES, ...NAMES, 'd', '__proto__', 'constructor'), tie('value'), {
    maxKeys: 3,
  }),
}));

const LONG_WAY = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };

it('accepts what class-validator finds nothing wrong with, and nothing else', () => {
  let accepted = 0;
  fc.assert(
    fc.property(dtos, body, (dto, value) => {
      try {
        const parsed = parse(JSON.stringify(value));
        const isAccepted = accepts(dto, parsed);
        accepted += Number(isAccepted);
        // class-transformer fails on members called `constructor`: the long way takes them out first.
        fc.pre(
          !JSON.stringify(parsed).includes('constructor') && !JSON.stringify(parsed).includes('__proto__'),
        );
        expect(isAccepted).toBe(validateSync(plainToInstance(dto, parsed), LONG_WAY).length === 0);
      } finally {
        forget(dto);
      }
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(20);
});

it('accepts a nested object that is right, as class-validator does', () => {
  class Outer {
    @NestedObject(() => Inner) a: Inner;
  }
  const value = { a: { a: 'x' } };
  expect(accepts(Outer, value)).toBe(true);
  expect(validateSync(plainToInstance(Outer, value), LONG_WAY)).toEqual([]);
});

it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
  'does not accept a member called %s',
  (name) => {
    expect(accepts(Inner, parse('{"a":"x"}'))).toBe(true);
    expect(accepts(Inner, parse(`{"a":"x","${name}":"y"}`))).toBe(false);
  },
);

class Foreign {
  @MayBeAbsent() @Satisfies(text(1, 3)) a?: string;
  @IsOptional() @IsEmail() b?: string;
}

it('accepts nothing of a class with decorators that it does not know: class-validator has to be asked', () => {
  expect(accepts(Foreign, { a: 'x' })).toBe(false);
});

function parse(json: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(json);
  if (!isObject(value)) throw new TypeError('no object');
  return value;
}
