import { getMetadataStorage } from 'class-validator';
import { isObject, RULE, type Rule, type Shape } from './rules.js';

// class-transformer and class-validator take about ten times as long for a valid body, and copy it. This accepts a
// valid body in one pass. For any other body they find the faults.

interface Field {
  readonly rule: Rule;
  readonly mayBeAbsent: boolean;
  readonly dto: Shape['dto'];
}

type Plan = ReadonlyMap<string, Field>;

/**
 * Built once for each DTO; null for a DTO with decorators of class-validator's own, which only class-validator
 * understands.
 */
const PLANS = new WeakMap<object, Plan | null>();

/** Whether class-validator would find no fault in a value. False proves nothing: class-validator has to check it. */
export function accepts(type: new () => object, value: Readonly<Record<string, unknown>>): boolean {
  const plan = planOf(type);
  if (plan === null || Object.keys(value).some((name) => !plan.has(name))) return false;
  for (const [name, { rule, mayBeAbsent, dto }] of plan) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    if (member === undefined && mayBeAbsent) continue;
    if (rule(member).length > 0) return false;
    if (dto !== undefined && !acceptsNested(dto(), member)) return false;
  }
  return true;
}

/** The rule has already checked that it is an object, or a list of objects, and how long the list is. */
function acceptsNested(type: new () => object, value: unknown): boolean {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.every((item) => isObject(item) && accepts(type, item));
}

function planOf(type: new () => object): Plan | null {
  const known = PLANS.get(type);
  if (known !== undefined) return known;
  const plan = buildPlan(type);
  PLANS.set(type, plan);
  return plan;
}

interface RuleContext {
  readonly shape: Shape;
  readonly rule: Rule;
}

function buildPlan(type: new () => object): Plan | null {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const mayBeAbsent = metadata.filter(isSkippedWhenAbsent).map(({ propertyName }) => propertyName);
  const fields = new Map<string, Field>();
  for (const { type: kind, name, propertyName, context } of metadata) {
    if (kind === 'conditionalValidation' || kind === 'nestedValidation') continue;
    if (name !== RULE || fields.has(propertyName) || !isRuleContext(context)) return null;
    const { rule, shape } = context;
    fields.set(propertyName, { rule, mayBeAbsent: mayBeAbsent.includes(propertyName), dto: shape.dto });
  }
  return fields;
}

/** `ValidateIf` or `IsOptional`: its condition decides whether the rules of a property are applied. */
function isSkippedWhenAbsent({
  type,
  constraints,
}: {
  readonly type: string;
  readonly constraints: unknown;
}): boolean {
  if (type !== 'conditionalValidation' || !Array.isArray(constraints)) return false;
  const conditions: readonly unknown[] = constraints;
  const [condition] = conditions;
  return isCondition(condition) && condition({}, undefined) === false;
}

function isCondition(value: unknown): value is (object: object, value: unknown) => unknown {
  return typeof value === 'function';
}

function isRuleContext(value: unknown): value is RuleContext {
  return typeof value === 'object' && value !== null && 'rule' in value && 'shape' in value;
}
