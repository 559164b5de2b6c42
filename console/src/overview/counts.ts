// What the overview counts.
import type { AuditEvent } from '../api.js';
import { entriesOf } from '../customers/history.js';

export interface Count {
  readonly name: string;
  readonly count: number;
}

/** Patches of a day (UTC). */
export interface Day {
  /** `2026-05-01`. */
  readonly day: string;
  readonly count: number;
  /** Those of them that did not do what they should, or of which nobody knows. */
  readonly failed: number;
}

export interface Overview {
  /** Every day, the oldest first. */
  readonly days: readonly Day[];
  readonly patches: number;
  readonly failed: number;
  readonly outcomes: readonly Count[];
  readonly refused: number;
  readonly refusals: readonly Count[];
  readonly tokens: readonly Count[];
  /** Operations whose end is not known now. */
  readonly unknown: readonly string[];
}

/** @param events newest first; @param now the last day; @param days how many */
export function overviewOf(events: readonly AuditEvent[], now: Date, days: number): Overview {
  const patches = entriesOf(events.filter(({ action }) => action === 'customer.patch'));
  const failed = patches.filter(({ ending: { kind } }) => kind === 'bad' || kind === 'open');
  const refusals = events
    .filter(({ action }) => action === 'access.refused')
    .flatMap(({ problem, count = 1 }) => Array<string>(count).fill(problem ?? 'unknown'));
  return {
    days: Array.from({ length: days }, (_, n) => {
      const day = new Date(now.getTime() - (days - 1 - n) * 86_400_000).toISOString().slice(0, 10);
      const ofDay = (entries: typeof patches): number =>
        entries.filter(({ at }) => at.startsWith(day)).length;
      return { day, count: ofDay(patches), failed: ofDay(failed) };
    }),
    patches: patches.length,
    failed: failed.length,
    outcomes: counted(patches.map(({ ending }) => ending.text)),
    refused: refusals.length,
    refusals: counted(refusals),
    tokens: counted(
      patches.flatMap(({ credential }) => (credential === null ? [] : [`version ${credential.version}`])),
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

/** The end of an axis: a round number that no count exceeds, and that is even, so that the middle is a number, too. */
export function axisEnd(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  const step = [2, 4, 6, 8, 10].find((times) => times * power >= most) ?? 10;
  return step * power;
}
