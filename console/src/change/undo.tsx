import type { Customer } from 'billing-bff-client';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { dataOf } from '../api.js';
import { labelOf } from '../fields.js';
import { entryOf } from '../operations/operation.js';
import { Show } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';
import { EndPanel, PreviewPanel, useSending } from './sending.js';
import { type UndoPlan, undoPlan } from './undo-plan.js';

interface Undone {
  readonly plan: UndoPlan;
  readonly now: Customer;
}

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
    async (signal): Promise<Undone> => {
      const operation = dataOf(await session.api.client.getOperation(id, { signal }));
      const [entry, now] = await Promise.all([
        // Whatever the switch says: the values have to be known to be put back.
        entryOf(session, operation, { customer, clear: true, signal }),
        session.api.client.getCustomer(customer, { signal }).then(dataOf),
      ]);
      return { plan: undoPlan(entry?.changes ?? [], now), now };
    },
    [session, id, customer],
  );
  return (
    <section>
      <h1>Undo</h1>
      <p class="quiet">
        Puts back what was there before{' '}
        <a href={linkTo({ page: 'operation', id, customer })}>this operation</a>. The trail has recorded that
        you saw its values in clear.
      </p>
      <Show loaded={loaded}>
        {({ plan, now }) => <Plan session={session} id={id} customer={customer} plan={plan} now={now} />}
      </Show>
    </section>
  );
}

function Plan({
  session,
  id,
  customer,
  plan: { patch, impossible },
  now,
}: Undone & {
  session: Session;
  id: string;
  customer: string;
}): JSX.Element {
  const sender = useSending(session, customer, id);
  const { sending } = sender;
  const nothing = Object.keys(patch).length === 0;
  useEffect(() => {
    if (!nothing) void sender.preview(patch);
  }, []);
  return (
    <>
      {impossible.map(({ field, why }) => (
        <p key={field} class="warning">{`⚠ ${labelOf(field)} can't be undone. ${why}`}</p>
      ))}
      {nothing && <p>Nothing is left to undo.</p>}
      {sending.step === 'preview' && (
        <PreviewPanel sender={sender} sending={sending} now={now} action="Put back" />
      )}
      <EndPanel sending={sending} customer={customer} />
    </>
  );
}
