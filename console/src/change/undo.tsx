import type { JSX } from 'preact';
import { dataOf } from '../api.js';
import { entriesOf } from '../customers/history.js';
import { eventsOf } from '../operations/operation.js';
import { Show } from '../parts.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';
import { EndPanel, PreviewPanel, useSending } from './sending.js';
import { type UndoPlan, undoPlan } from './undo-plan.js';

/** Puts the fields of an operation back, by an ordinary patch that names it. */
export function UndoPage({
  session,
  id,
  customer,
}: {
  session: Session;
  id: string;
  customer: string;
}): JSX.Element {
  const [loaded] = useLoaded(
    async (signal) => {
      const operation = dataOf(await session.api.client.getOperation(id, { signal }));
      const [events, now] = await Promise.all([
        eventsOf(session, operation, customer, signal),
        session.api.client.getCustomer(customer, { signal }).then(dataOf),
      ]);
      return undoPlan(entriesOf([...events].reverse())[0]?.changes ?? [], now);
    },
    [session, id, customer],
  );
  return (
    <section>
      <h1>Undo</h1>
      <p class="quiet">The trail has recorded that you read the clear values of this operation.</p>
      <Show loaded={loaded}>
        {(plan) => <Plan session={session} id={id} customer={customer} plan={plan} />}
      </Show>
    </section>
  );
}

function Plan({
  session,
  id,
  customer,
  plan: { patch, impossible },
}: {
  session: Session;
  id: string;
  customer: string;
  plan: UndoPlan;
}): JSX.Element {
  const sender = useSending(session, customer, id);
  const { sending } = sender;
  const fields = Object.keys(patch);
  return (
    <>
      {impossible.map(({ field, why }) => (
        <p key={field} class="warning">{`⚠ ${field} can't be undone. ${why}`}</p>
      ))}
      {sending.step === 'edit' && (
        <p class="bar">
          <span>
            {fields.length === 0 ? 'Nothing is left to undo.' : `To be put back: ${fields.join(', ')}.`}
          </span>
          {fields.length > 0 && (
            <button
              type="button"
              class="main"
              disabled={sender.busy}
              onClick={() => void sender.preview(patch)}
            >
              Preview
            </button>
          )}
        </p>
      )}
      {sending.step === 'preview' && <PreviewPanel sender={sender} preview={sending.preview} />}
      <EndPanel sending={sending} customer={customer} />
    </>
  );
}
