import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AuditEvent } from '../api.js';
import { actorName } from '../customers/history.js';
import { Fault, Show, Time, useClearValues } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { messageOf, useLoaded } from '../use-loaded.js';
import { saying } from '../words.js';
import { useKeptKeys } from './kept.js';
import { save } from './save.js';
import { type Verdict, verifyEvent } from './verify.js';
import { VerdictLine, Vkeys } from './verdict.js';

/** One event, as it is stored, and the proof that it is in the log. */
export function EventPage({ session, id }: { session: Session; id: string }): JSX.Element {
  const clear = useClearValues();
  const [loaded] = useLoaded(
    () => session.api.json<AuditEvent>('GET', `audit-events/${id}?clear=${clear}`),
    [session, id, clear],
  );
  return (
    <section>
      <h1>Event</h1>
      <Show loaded={loaded}>
        {(event) => (
          <>
            <What event={event} />
            <Handing session={session} event={event} />
            <Checking session={session} event={event} />
          </>
        )}
      </Show>
    </section>
  );
}

function What({ event }: { event: AuditEvent }): JSX.Element {
  const { action, phase, outcome, actor, target, operation_id: operation } = event;
  const customer = target?.customer_id ?? '';
  return (
    <>
      <p class="lead">{`${action}, ${phase}: ${saying(outcome)}`}</p>
      <dl class="facts">
        <dt>When</dt>
        <dd>
          <Time at={event.occurred_at} />
        </dd>
        <dt>Who</dt>
        <dd>{`${actorName(actor)} (${actor.type})`}</dd>
        <dt>Place</dt>
        <dd>{event.leaf_index === null ? 'not in the log yet' : `leaf ${event.leaf_index} of the log`}</dd>
        {operation !== null && (
          <>
            <dt>Operation</dt>
            <dd>
              <a href={linkTo({ page: 'operation', id: operation, customer })}>{operation}</a>
            </dd>
          </>
        )}
      </dl>
    </>
  );
}

/** For somebody else: two files, and what to do with them. */
function Handing({ session, event }: { session: Session; event: AuditEvent }): JSX.Element {
  const [fault, setFault] = useState('');
  const download = async (name: string, text: () => Promise<string>): Promise<void> => {
    try {
      save(name, await text());
      setFault('');
    } catch (error) {
      setFault(messageOf(error));
    }
  };
  const path = `audit-events/${event.id}`;
  return (
    <section class="panel" aria-labelledby="handing">
      <h2 id="handing">Prove it to somebody else</h2>
      <ol>
        <li>
          Download both files and send them. Values are masked in them.
          <p class="bar">
            <button
              type="button"
              class="main"
              onClick={() => void download('event.json', () => session.api.text(`${path}?clear=false`))}
            >
              Download the event
            </button>
            <button
              type="button"
              class="main"
              onClick={() => void download('event.tlog-proof', () => session.api.text(`${path}/proof`))}
            >
              Download its proof
            </button>
          </p>
        </li>
        <li>
          Whoever gets them checks them without this service, with a program of one file that can be read
          first (<code>scripts/audit-verify.mjs</code> of this service):
          <pre class="code">node audit-verify.mjs event.json --proof event.tlog-proof --keys vkeys.txt</pre>
        </li>
        <li>
          <code>vkeys.txt</code> has the log's public key. It has to come to them on another way than from
          you, or once, on a day when they trust the service.
        </li>
      </ol>
      {fault !== '' && <Fault>{fault}</Fault>}
    </section>
  );
}

function Checking({ session, event }: { session: Session; event: AuditEvent }): JSX.Element {
  const [text, setText] = useState(() => JSON.stringify(event, null, 2));
  const [vkeys, keep] = useKeptKeys();
  const [verdict, setVerdict] = useState<Verdict>();
  const verify = async (): Promise<void> => {
    try {
      const proof = await session.api.text(`audit-events/${event.id}/proof`);
      setVerdict(await verifyEvent(JSON.parse(text) as AuditEvent, proof, vkeys));
    } catch (error) {
      setVerdict({ valid: undefined, message: messageOf(error) });
    }
  };
  return (
    <section aria-labelledby="checking">
      <h2 id="checking">Verify it here</h2>
      <Vkeys vkeys={vkeys} keep={keep} onUseServed={() => session.api.text('audit-log/keys')} />
      <div class="input">
        <label for="event">The event; you may paste a copy from elsewhere</label>
        <textarea
          id="event"
          class="code"
          rows={10}
          value={text}
          onInput={(input) => setText(input.currentTarget.value)}
        />
      </div>
      <p class="bar">
        <button type="button" class="main" onClick={() => void verify()}>
          Verify this event
        </button>
      </p>
      {verdict !== undefined && <VerdictLine verdict={verdict} />}
    </section>
  );
}
