// What the overview counts.
import type { AuditEvent } from '../api.js';
import { entriesOf } from '../customers/history.js';

export interface Count {
  readonly name: string;
  readonly count: number;
}

export interface Overview {
  /** By day (UTC), oldest first. */
  readonly changes: readonly Count[];
  readonly outcomes: readonly Count[];
  readonly refusals: readonly Count[];
  readonly tokens: readonly Count[];
  /** Operations whose end is not known now. */
  readonly unknown: readonly string[];
}

/** @param events newest first */
export function overviewOf(events: readonly AuditEvent[]): Overview {
  const patches = entriesOf(events.filter(({ action }) => action === 'customer.patch'));
  const refused = events.filter(({ action }) => action === 'access.refused');
  return {
    changes: counted(patches.map(({ at }) => at.slice(0, 10))).sort(byName),
    outcomes: counted(patches.map(({ outcome }) => outcome)),
    refusals: counted(
      refused.flatMap(({ problem, count = 1 }) => Array<string>(count).fill(problem ?? 'unknown')),
    ),
    tokens: counted(
      patches.flatMap(({ credential }) => (credential === null ? [] : [`token ${credential.version}`])),
    ),
    unknown: patches.flatMap(({ outcome, operationId }) =>
      outcome === 'unknown' && operationId !== null ? [operationId] : [],
    ),
  };
}

function counted(names: readonly string[]): Count[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, count })).sort((one, other) => other.count - one.count);
}

function byName(one: Count, other: Count): number {
  return one.name < other.name ? -1 : 1;
}
