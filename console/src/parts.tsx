// Parts that every page uses.
import { type ComponentChildren, createContext, type JSX } from 'preact';
import { useContext } from 'preact/hooks';
import type { Change } from './api.js';
import { labelOf } from './fields.js';
import { isEmpty, type Json, textOf } from './values.js';
import { type Ending, type Kind, KINDS, saying, SIGNS, type Word } from './words.js';
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
export function Badge({ word }: { word: Word }): JSX.Element {
  return <Sign kind={KINDS[word]} text={saying(word)} />;
}

/** How an operation ended. */
export function EndingBadge({ ending: { kind, text } }: { ending: Ending }): JSX.Element {
  return <Sign kind={kind} text={text} />;
}

function Sign({ kind, text }: { kind: Kind; text: string }): JSX.Element {
  return <span class={`badge ${kind}`}>{`${SIGNS[kind]} ${text}`}</span>;
}

/** With the day of the week: people say "last Tuesday". */
const TIME: Intl.DateTimeFormatOptions = {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
};

export function Time({ at }: { at: string }): JSX.Element {
  return (
    <time dateTime={at} title={at}>
      {new Date(at).toLocaleString(undefined, TIME)}
    </time>
  );
}

export function Value({ field, value }: { field: string; value: Json | undefined }): JSX.Element {
  if (value === undefined) return <span class="quiet">not read</span>;
  if (isEmpty(value)) return <span class="quiet">empty</span>;
  return <span class="value">{textOf(field, value)}</span>;
}

/** One row a field: before → after, with its effect. */
export function Changes({ changes }: { changes: readonly Change[] }): JSX.Element {
  if (changes.length === 0) return <p class="quiet">No field was changed.</p>;
  return (
    <table class="stacked">
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
            <th scope="row">{labelOf(change.field)}</th>
            <td data-label="Before">
              <Value field={change.field} value={shown(change, 'before')} />
            </td>
            <td data-label="After">
              <Value field={change.field} value={shown(change, 'after')} />
            </td>
            <td data-label="Effect">{change.effect === undefined ? '' : <Badge word={change.effect} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Whether the BFF is asked for the values behind the masks: the person asks for them, and the trail records it. */
export const ClearValues = createContext(false);

export function useClearValues(): boolean {
  return useContext(ClearValues);
}

/** The value in clear where the BFF gave it, otherwise its mask. */
export function shown(change: Change, side: 'before' | 'after'): Json | undefined {
  return (change.clear?.[side] ?? change[side]) as Json | undefined;
}

/** What the person typed into an input of a form. */
export function textIn(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value.trim() : '';
}
