// The words of the trail, and how good the news is. The types make sure that none is missing.
import type { AuditEvent, Change, Tenant } from './api.js';

export type Effect = NonNullable<Change['effect']>;
export type Outcome = AuditEvent['outcome'];
export type Kind = 'good' | 'bad' | 'open' | 'plain';

const EFFECT_KINDS: Record<Effect, Kind> = {
  applied: 'good',
  normalised: 'plain',
  ignored: 'bad',
  raced: 'bad',
  unverifiable: 'open',
  not_applied: 'bad',
  unchanged: 'plain',
};

const OUTCOME_KINDS: Record<Outcome, Kind> = {
  pending: 'open',
  applied: 'good',
  unchanged: 'plain',
  rejected: 'bad',
  not_applied: 'bad',
  unknown: 'open',
  unverifiable: 'open',
  refused: 'bad',
};

const STATUS_KINDS: Record<Tenant['status'], Kind> = { active: 'good', suspended: 'bad' };

export type Word = Effect | Outcome | Tenant['status'];

export const KINDS: Record<Word, Kind> = { ...EFFECT_KINDS, ...OUTCOME_KINDS, ...STATUS_KINDS };

export const EFFECTS = Object.keys(EFFECT_KINDS) as readonly Effect[];

/** So that it can be read without colour. */
export const SIGNS: Record<Kind, string> = { good: '✓', bad: '✗', open: '?', plain: '·' };

/** What an outcome says about the customer. */
const MEANINGS: Record<Outcome, string> = {
  pending: 'It is still running.',
  applied: 'The billing API shows what was asked for.',
  unchanged: 'The customer had these values already; nothing was sent.',
  rejected: 'The billing API refused it; nothing was changed.',
  not_applied: 'It was proven not to have happened.',
  unknown: 'It may have happened. The BFF looks again until it knows.',
  unverifiable: 'It cannot be proven any more whether it happened.',
  refused: 'The BFF refused it; nothing was sent.',
};

/** How an operation ended, in a word or two, and what that says about the customer. */
export interface Ending {
  readonly kind: Kind;
  readonly text: string;
  readonly meaning: string;
}

/** A patch that was applied may still have left a field as it was: then it did not do what was asked for. */
export function endingOf(outcome: Outcome, changes: readonly Change[]): Ending {
  return outcome === 'applied' && changes.some(isAmiss)
    ? {
        kind: 'bad',
        text: 'not all applied',
        meaning: 'The billing API took it, but not every field is what was asked for.',
      }
    : { kind: OUTCOME_KINDS[outcome], text: saying(outcome), meaning: MEANINGS[outcome] };
}

function isAmiss({ effect }: Change): boolean {
  return effect !== undefined && (EFFECT_KINDS[effect] === 'bad' || EFFECT_KINDS[effect] === 'open');
}

export function saying(word: string): string {
  return word.replaceAll('_', ' ');
}
