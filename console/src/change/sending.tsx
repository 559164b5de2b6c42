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
import { Changes, Fault } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';

export type Sending =
  | { readonly step: 'edit' }
  | { readonly step: 'preview'; readonly patch: CustomerPatch; readonly preview: CustomerPreview }
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

/** What a preview shows, and the two ways on. */
export function PreviewPanel({ sender, preview }: { sender: Sender; preview: CustomerPreview }): JSX.Element {
  return (
    <section class="panel" aria-label="Preview">
      <h2>What this will do</h2>
      <Changes changes={preview.changes} />
      {preview.warnings.map(({ code, field, detail }) => (
        <p key={code + field} class="warning">{`⚠ ${field}: ${detail}`}</p>
      ))}
      <p class="bar">
        <button type="button" class="main" disabled={sender.busy} onClick={() => void sender.send()}>
          Send
        </button>
        <button type="button" disabled={sender.busy} onClick={sender.edit}>
          Back
        </button>
      </p>
    </section>
  );
}

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
