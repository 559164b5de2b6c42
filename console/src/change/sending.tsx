// From a patch to its end: preview, confirmation, and what became of it. The form and Undo share it.
import {
  type Customer,
  type CustomerPatch,
  type CustomerPreview,
  isUnknownOutcome,
  type Problem,
} from 'billing-bff-client';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Change } from '../api.js';
import { labelOf } from '../fields.js';
import { Fault, Value } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import type { Json } from '../values.js';
import { type Effect, saying } from '../words.js';

export interface Previewed {
  readonly step: 'preview';
  readonly patch: CustomerPatch;
  readonly preview: CustomerPreview;
}

export type Sending =
  | { readonly step: 'edit' }
  | Previewed
  | { readonly step: 'sent'; readonly customer: Customer; readonly operationId: string | undefined }
  /** It may have happened; the operation's page waits for the final word. */
  | { readonly step: 'unknown'; readonly operationId: string }
  | { readonly step: 'failed'; readonly problem: Problem };

export interface Sender {
  readonly sending: Sending;
  readonly busy: boolean;
  readonly edit: () => void;
  preview(patch: CustomerPatch): Promise<void>;
  send(): Promise<void>;
}

/** @param reverts the operation that the patch undoes */
export function useSending(session: Session, customer: string, reverts?: string): Sender {
  const [sending, setSending] = useState<Sending>({ step: 'edit' });
  const [busy, setBusy] = useState(false);
  const during = async (work: () => Promise<Sending>): Promise<void> => {
    setBusy(true);
    try {
      setSending(await work());
    } finally {
      setBusy(false);
    }
  };
  return {
    sending,
    busy,
    edit: () => setSending({ step: 'edit' }),
    preview: (patch) =>
      during(async () => {
        const answer = await session.api.client.previewCustomer(customer, patch);
        return answer.ok
          ? { step: 'preview', patch, preview: answer.data }
          : { step: 'failed', problem: answer.problem };
      }),
    send: () =>
      during(async () => {
        if (sending.step !== 'preview') return sending;
        // Does exactly what the preview showed, or nothing.
        const options = { ifMatch: sending.preview.etag, reverts };
        const answer = await session.api.client.patchCustomer(customer, sending.patch, options);
        if (answer.ok) return { step: 'sent', customer: answer.data, operationId: answer.operationId };
        const { problem } = answer;
        return isUnknownOutcome(problem)
          ? { step: 'unknown', operationId: problem.operation_id }
          : { step: 'failed', problem };
      }),
  };
}

/**
 * What a preview shows, and the ways on. The values are the customer's own and the person's, so they are not masked here.
 * @param back none: there is nothing to go back to
 */
export function PreviewPanel({
  sender,
  sending: { patch, preview },
  now,
  action,
  back,
}: {
  sender: Sender;
  sending: Previewed;
  now: Customer;
  action: string;
  back?: () => void;
}): JSX.Element {
  return (
    <section class="panel" aria-label="Preview">
      <h2>What this will do</h2>
      <table class="stacked">
        <thead>
          <tr>
            <th>Field</th>
            <th>Now</th>
            <th>Then</th>
            <th>
              <span class="unseen">Effect</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {preview.changes.map(({ field, effect }) => (
            <tr key={field}>
              <th scope="row">{labelOf(field)}</th>
              <td data-label="Now">
                <Value field={field} value={valueIn(now, field)} />
              </td>
              <td data-label="Then">
                <Value field={field} value={valueIn(patch, field)} />
              </td>
              <td>{expected(effect)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {preview.warnings.map(({ code, field, detail }) => (
        <p key={code + field} class="warning">{`⚠ ${labelOf(field)}: ${detail}`}</p>
      ))}
      <p class="bar">
        <button type="button" class="main" disabled={sender.busy} onClick={() => void sender.send()}>
          {action}
        </button>
        {back !== undefined && (
          <button type="button" disabled={sender.busy} onClick={back}>
            Back
          </button>
        )}
      </p>
    </section>
  );
}

function valueIn(customer: Customer | CustomerPatch, field: string): Json | undefined {
  return (customer as unknown as Record<string, Json>)[field];
}

/** Nothing has happened yet. */
function expected(effect: Change['effect']): string {
  return effect === undefined ? '' : (EXPECTED[effect] ?? saying(effect));
}

const EXPECTED: Partial<Record<Effect, string>> = {
  applied: 'will change',
  unchanged: 'stays as it is',
  unverifiable: 'will be sent; the billing API never shows it',
};

/** The end of a patch that is known, and of one that is not. */
export function EndPanel({ sending, customer }: { sending: Sending; customer: string }): JSX.Element | null {
  if (sending.step === 'sent')
    return (
      <section class="panel" role="status">
        <h2>✓ It is done</h2>
        <p class="bar">
          {sending.operationId !== undefined && (
            <a href={linkTo({ page: 'operation', id: sending.operationId, customer })}>
              What became of each field
            </a>
          )}
          <a href={linkTo({ page: 'customer', id: customer })}>Customer</a>
        </p>
      </section>
    );
  if (sending.step === 'unknown')
    return (
      <section class="panel" role="status">
        <h2>? Nobody knows yet</h2>
        <p>
          The billing API did not answer as it should. The change may have happened or not. Do not send it
          again: the BFF looks at the customer until it knows.
        </p>
        <a href={linkTo({ page: 'operation', id: sending.operationId, customer })}>Watch it</a>
      </section>
    );
  if (sending.step === 'failed') return <Fault>{sending.problem.detail}</Fault>;
  return null;
}
