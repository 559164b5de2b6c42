import type { Customer, Fault as FieldFault } from 'billing-bff-client';
import type { JSX, TargetedSubmitEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { dataOf } from '../api.js';
import { Fault, Show } from '../parts.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';
import { ConflictDialog, moved } from './conflict.js';
import { emptied, type FormValues, inputAt, patchOf, valuesOf } from './form-values.js';
import { Inputs } from './inputs.js';
import { EndPanel, PreviewPanel, useSending } from './sending.js';

/** Changes a customer: only what differs from what was shown is sent, and only if nobody changed it meanwhile. */
export function ChangePage({ session, id }: { session: Session; id: string }): JSX.Element {
  const [loaded, reload] = useLoaded(async (signal) => read(session, id, signal), [session, id]);
  return (
    <section>
      <h1>Change a customer</h1>
      <Show loaded={loaded}>
        {(customer) => <Form key={customer.id} session={session} first={customer} startOver={reload} />}
      </Show>
    </section>
  );
}

function Form({
  session,
  first,
  startOver,
}: {
  session: Session;
  first: Customer;
  startOver: () => void;
}): JSX.Element {
  const { id } = first;
  const [shown, setShown] = useState(first);
  const [values, setValues] = useState<FormValues>(() => valuesOf(first));
  const [now, setNow] = useState<Customer>();
  const sender = useSending(session, id);
  const { sending } = sender;
  const problem = sending.step === 'failed' ? sending.problem : undefined;
  const patch = patchOf(values, shown);
  const nothing = Object.keys(patch).length === 0;

  useEffect(() => {
    if (problem?.type === 'urn:billing-bff:problem:precondition-failed') void read(session, id).then(setNow);
  }, [problem]);

  /** The preview is of the customer as it is. What moved since the form was shown is a conflict, too. */
  const look = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const current = await read(session, id);
    if (moved(shown, current).length > 0) setNow(current);
    else await sender.preview(patch);
  };
  const keep = (current: Customer): void => {
    setValues({ ...valuesOf(current), ...changedBy(values, shown) });
    setShown(current);
    setNow(undefined);
    sender.edit();
  };

  if (sending.step === 'sent' || sending.step === 'unknown')
    return <EndPanel sending={sending} customer={id} />;
  if (sending.step === 'preview')
    return <PreviewPanel sender={sender} sending={sending} now={shown} action="Send" back={sender.edit} />;
  return (
    <form class="form" noValidate onSubmit={(event) => void look(event)}>
      {now !== undefined && (
        <ConflictDialog shown={shown} now={now} onKeep={() => keep(now)} onDiscard={startOver} />
      )}
      {problem !== undefined && now === undefined && <Fault>{problem.detail}</Fault>}
      <Inputs
        values={values}
        faults={faultsOf(problem?.errors ?? [])}
        onChange={(input, text) => {
          sender.edit();
          setValues({ ...values, [input]: text });
        }}
      />
      {emptied(values, shown).map(({ name, label }) => (
        <p key={name} class="warning">{`⚠ ${label} stays as it is: the billing API cannot clear a field.`}</p>
      ))}
      <p class="bar">
        <button class="main" disabled={nothing || sender.busy}>
          Preview
        </button>
        {nothing && <span class="quiet">Nothing is changed yet.</span>}
      </p>
    </form>
  );
}

/** The inputs that say something else than what was shown. */
function changedBy(values: FormValues, shown: Customer): FormValues {
  const before = valuesOf(shown);
  return Object.fromEntries(Object.entries(values).filter(([input, text]) => text !== before[input]));
}

function faultsOf(errors: readonly FieldFault[]): ReadonlyMap<string, string> {
  return new Map(errors.map(({ pointer, detail }) => [inputAt(pointer) ?? '', detail]));
}

async function read(session: Session, id: string, signal?: AbortSignal): Promise<Customer> {
  return dataOf(await session.api.client.getCustomer(id, { signal }));
}
