import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type AuditEvent, dataOf, type Operation } from '../api.js';
import { entriesOf } from '../customers/history.js';
import { Badge, Changes, Show, Time } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';
import { stepsOf } from './steps.js';

/** An operation as a picture in time. One whose outcome is unknown turns into its final word by itself. */
export function OperationPage({ session, id }: { session: Session; id: string }): JSX.Element {
  const [loaded] = useLoaded(
    async (signal) => dataOf(await session.api.client.getOperation(id, { signal })),
    [session, id],
  );
  return (
    <section>
      <h1>Operation</h1>
      <p>
        <code>{id}</code>
      </p>
      <Show loaded={loaded}>{(operation) => <Live session={session} first={operation} />}</Show>
    </section>
  );
}

function Live({ session, first }: { session: Session; first: Operation }): JSX.Element {
  const [operation, setOperation] = useState(first);
  useEffect(() => {
    if (first.final) return undefined;
    const gone = new AbortController();
    session.api.client.waitForOutcome(first.id, { signal: gone.signal }).then(
      (answer) => {
        if (answer.ok) setOperation(answer.data);
      },
      () => undefined,
    );
    return () => gone.abort();
  }, [session, first]);
  const customer = operation.customer.customer_id ?? operation.customer.ref;
  return (
    <>
      <p class="bar" aria-live="polite">
        <Badge word={operation.status} />
        {!operation.final && <span class="quiet">The BFF looks again; this page changes by itself.</span>}
        <Time at={operation.started_at} />
        <a href={linkTo({ page: 'customer', id: customer })}>Customer</a>
        {canBeUndone(session, operation) && (
          <a class="button" href={linkTo({ page: 'undo', id: operation.id, customer })}>
            Undo
          </a>
        )}
      </p>
      <Changes changes={operation.changes} />
      {session.may('audit:read') && <Picture session={session} operation={operation} customer={customer} />}
    </>
  );
}

function canBeUndone(session: Session, { status, final }: Operation): boolean {
  return final && status === 'applied' && session.may('audit:read:clear') && session.may('customers:write');
}

function Picture({
  session,
  operation,
  customer,
}: {
  session: Session;
  operation: Operation;
  customer: string;
}): JSX.Element {
  const [events] = useLoaded(
    (signal) => eventsOf(session, operation, customer, signal),
    [session, operation.id, operation.status],
  );
  return (
    <Show loaded={events}>
      {(found) => (
        <>
          <h2>In time</h2>
          <ol class="steps">
            {stepsOf(found).map((step) => (
              <li key={`${step.title}${step.at}`}>
                <span class="after">{`+${step.afterMs} ms`}</span>
                <strong>{step.title}</strong>
                {step.outcome !== undefined && <Badge word={step.outcome} />}
                <p>{step.detail}</p>
              </li>
            ))}
          </ol>
          <h2>Events</h2>
          <ul>
            {found.map((event) => (
              <li key={event.id}>
                <a href={linkTo({ page: 'event', id: event.id })}>{event.phase}</a>
                {event.leaf_index === null ? ', not in the log yet' : `, leaf ${event.leaf_index} of the log`}
              </li>
            ))}
          </ul>
        </>
      )}
    </Show>
  );
}

/** Its events, oldest first. The trail is asked by customer and time: an operation ends within a day or so. */
export async function eventsOf(
  session: Session,
  operation: Operation,
  customer: string,
  signal?: AbortSignal,
): Promise<readonly AuditEvent[]> {
  const from = new Date(Date.parse(operation.started_at) - 1_000).toISOString();
  const to = new Date(Date.parse(operation.ended_at ?? operation.started_at) + 60_000).toISOString();
  const query = { customer, action: 'customer.patch', from, to, limit: 200 } as const;
  const { data } = dataOf(await session.api.client.listAuditEvents(query, { signal }));
  return entriesOf(data).find(({ operationId }) => operationId === operation.id)?.events ?? [];
}
