// Parts that every page uses.
import { type ComponentChildren, createContext, type JSX } from 'preact';
import { useContext } from 'preact/hooks';
import type { Change } from './api.js';
import { FIELDS } from './fields.js';
import { isEmpty, type Json, textOf } from './values.js';
import type { Loaded } from './use-loaded.js';

export function Show<Data>({
  loaded,
  children,
}: {
  loaded: Loaded<Data>;
  children: (data: Data) => ComponentChildren;
}): JSX.Element {
  if (loaded.state === 'loading')
    return (
      <p class="quiet" role="status">
        Loading…
      </p>
    );
  if (loaded.state === 'failed') return <Fault>{loaded.message}</Fault>;
  return <>{children(loaded.data)}</>;
}

export function Fault({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <p class="fault" role="alert">
      {children}
    </p>
  );
}

/** A word with a sign, so that it can be read without colour. */
export function Badge({ word }: { word: string }): JSX.Element {
  return (
    <span
      class={`badge ${KINDS[word] ?? 'plain'}`}
    >{`${SIGNS[KINDS[word] ?? 'plain']} ${word.replace('_', ' ')}`}</span>
  );
}

type Kind = 'good' | 'bad' | 'open' | 'plain';
const SIGNS: Record<Kind, string> = { good: '✓', bad: '✗', open: '?', plain: '·' };
const KINDS: Record<string, Kind> = {
  ...{ applied: 'good', active: 'good', valid: 'good', normalised: 'plain' },
  ...{ rejected: 'bad', not_applied: 'bad', refused: 'bad', ignored: 'bad', suspended: 'bad', raced: 'bad' },
  ...{ unknown: 'open', pending: 'open', unverifiable: 'open' },
};

export function Time({ at }: { at: string }): JSX.Element {
  return (
    <time dateTime={at} title={at}>
      {new Date(at).toLocaleString()}
    </time>
  );
}

export function Value({ value }: { value: Json | undefined }): JSX.Element {
  if (value === undefined) return <span class="quiet">not read</span>;
  if (isEmpty(value)) return <span class="quiet">empty</span>;
  return <span class="value">{textOf(value)}</span>;
}

/** One row a field: before → after, with its effect. */
export function Changes({ changes }: { changes: readonly Change[] }): JSX.Element {
  const clear = useContext(ClearValues);
  if (changes.length === 0) return <p class="quiet">No field was changed.</p>;
  return (
    <table class="changes">
      <thead>
        <tr>
          <th>Field</th>
          <th>Before</th>
          <th>After</th>
          <th>Effect</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={change.field}>
            <th scope="row">{FIELDS.find(({ name }) => name === change.field)?.label ?? change.field}</th>
            <td>
              <Value value={shown(change, 'before', clear)} />
            </td>
            <td>
              <Value value={shown(change, 'after', clear)} />
            </td>
            <td>{change.effect === undefined ? '' : <Badge word={change.effect} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Whether values are shown that the BFF gave in clear: the person asks for them. */
export const ClearValues = createContext(false);

function shown(change: Change, side: 'before' | 'after', clear: boolean): Json | undefined {
  return ((clear ? change.clear?.[side] : undefined) ?? change[side]) as Json | undefined;
}

/** What the person typed into an input of a form. */
export function textIn(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value.trim() : '';
}
