import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type AuditEvent, dataOf, type Operation } from '../api.js';
import { mayUndo } from '../change/undo-plan.js';
import { actorName, type Entry, entriesOf } from '../customers/history.js';
import { Changes, EndingBadge, Show, Time, useClearValues } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';
import { endingOf } from '../words.js';
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
      <Show loaded={loaded}>{(operation) => <Live session={session} first={operation} />}</Show>
    </section>
  );
}

function Live({ session, first }: { session: Session; first: Operation }): JSX.Element {
  const clear = useClearValues();
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
  const [entry] = useLoaded(
    (signal) => entryOf(session, operation, { customer, clear, signal }),
    [session, operation.id, operation.status, clear],
  );
  const ending = endingOf(operation.status, operation.changes);
  const known = entry.state === 'ready' ? entry.data : undefined;
  return (
    <>
      <p class="lead" aria-live="polite">
        <EndingBadge ending={ending} />
        {` ${ending.meaning}`}
        {!operation.final && ' This page changes by itself.'}
      </p>
      <dl class="facts">
        <dt>When</dt>
        <dd>
          <Time at={operation.started_at} />
        </dd>
        {known !== undefined && (
          <>
            <dt>Who</dt>
            <dd>{`${actorName(known.actor)} (${known.actor.type})`}</dd>
          </>
        )}
        <dt>Customer</dt>
        <dd>
          <a href={linkTo({ page: 'customer', id: customer })}>{customer}</a>
        </dd>
        <dt>Operation</dt>
        <dd>
          <code>{operation.id}</code>
        </dd>
      </dl>
      <Changes changes={known?.changes ?? operation.changes} />
      <p class="bar">
        {known !== undefined && (
          <a class="button" href={linkTo({ page: 'event', id: known.events.at(-1)?.id ?? '' })}>
            Prove this to somebody else
          </a>
        )}
        {operation.final && mayUndo(session, operation.changes) && (
          <a class="button" href={linkTo({ page: 'undo', id: operation.id, customer })}>
            Undo
          </a>
        )}
      </p>
      {session.may('audit:read') && (
        <Show loaded={entry}>{(found) => <Picture events={found?.events ?? []} />}</Show>
      )}
    </>
  );
}

function Picture({ events }: { events: readonly AuditEvent[] }): JSX.Element {
  return (
    <>
      <h2>In time</h2>
      <ol class="steps">
        {stepsOf(events).map((step) => (
          <li key={`${step.title}${step.at}`}>
            <span class="after">{`+${step.afterMs} ms`}</span>
            <strong>{step.title}</strong>
            {step.ending !== undefined && <EndingBadge ending={step.ending} />}
            <p>{step.detail}</p>
          </li>
        ))}
      </ol>
      <h2>Events in the log</h2>
      <ul>
        {events.map((event) => (
          <li key={event.id}>
            <a href={linkTo({ page: 'event', id: event.id })}>{event.phase}</a>
            {event.leaf_index === null ? ', not in the log yet' : `, leaf ${event.leaf_index}`}
          </li>
        ))}
      </ul>
    </>
  );
}

/**
 * What the trail knows of it. The trail is asked by customer and time: an operation ends within a day or so. Undefined for
 * who may not read the trail.
 */
export async function entryOf(
  session: Session,
  { id, started_at, ended_at }: Operation,
  { customer, clear, signal }: { customer: string; clear: boolean; signal: AbortSignal },
): Promise<Entry | undefined> {
  if (!session.may('audit:read')) return undefined;
  const from = new Date(Date.parse(started_at) - 1_000).toISOString();
  const to = new Date(Date.parse(ended_at ?? started_at) + 60_000).toISOString();
  const query = { customer, action: 'customer.patch', from, to, limit: 200, clear } as const;
  const { data } = dataOf(await session.api.client.listAuditEvents(query, { signal }));
  return entriesOf(data).find(({ operationId }) => operationId === id);
}
