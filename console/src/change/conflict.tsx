import type { Customer } from 'billing-bff-client';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Field, FIELDS } from '../fields.js';
import { Value } from '../parts.js';
import { isSame, type Json } from '../values.js';

/** Fields that moved while the person was editing. */
export function moved(shown: Customer, now: Customer): readonly Field[] {
  return FIELDS.filter(({ name }) => !isSame(fieldOf(shown, name), fieldOf(now, name)));
}

function fieldOf(customer: Customer, name: string): Json | undefined {
  return (customer as unknown as Record<string, Json>)[name];
}

/** Somebody else changed the customer: shows what moved, and asks what counts. */
export function ConflictDialog({
  shown,
  now,
  onKeep,
  onDiscard,
}: {
  /** As the person saw it. */
  shown: Customer;
  now: Customer;
  /** The person's changes are made on top of what is there now. */
  onKeep: () => void;
  onDiscard: () => void;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="conflict" onCancel={onKeep}>
      <h2 id="conflict">Somebody else changed this customer</h2>
      <table>
        <thead>
          <tr>
            <th>Field</th>
            <th>You saw</th>
            <th>It is now</th>
          </tr>
        </thead>
        <tbody>
          {moved(shown, now).map(({ name, label }) => (
            <tr key={name}>
              <th scope="row">{label}</th>
              <td>
                <Value field={name} value={fieldOf(shown, name)} />
              </td>
              <td>
                <Value field={name} value={fieldOf(now, name)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="bar">
        <button type="button" class="main" onClick={onKeep}>
          Keep my changes and look again
        </button>
        <button type="button" onClick={onDiscard}>
          Start over
        </button>
      </p>
    </dialog>
  );
}
