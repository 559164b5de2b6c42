import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AuditEvent } from '../api.js';
import { Show } from '../parts.js';
import type { Session } from '../session.js';
import { messageOf, useLoaded } from '../use-loaded.js';
import { useKeptKeys } from './kept-keys.js';
import { type Verdict, verifyEvent } from './verify.js';
import { VerdictLine, Vkeys } from './verdict.js';

/** One event, as it is stored, and the proof that it is in the log. */
export function EventPage({ session, id }: { session: Session; id: string }): JSX.Element {
  const [loaded] = useLoaded(() => session.api.json<AuditEvent>('GET', `audit-events/${id}`), [session, id]);
  return (
    <section>
      <h1>Event</h1>
      <Show loaded={loaded}>{(event) => <Proof session={session} event={event} />}</Show>
    </section>
  );
}

function Proof({ session, event }: { session: Session; event: AuditEvent }): JSX.Element {
  const [text, setText] = useState(() => JSON.stringify(event, null, 2));
  const [vkeys, keep] = useKeptKeys();
  const [verdict, setVerdict] = useState<Verdict>();
  const verify = async (): Promise<void> => {
    try {
      const proof = await session.api.text(`audit-events/${event.id}/proof`);
      setVerdict(await verifyEvent(JSON.parse(text) as AuditEvent, proof, vkeys));
    } catch (error) {
      setVerdict({ valid: false, message: messageOf(error) });
    }
  };
  return (
    <>
      <div class="input">
        <label for="event">The event; you may paste a copy from elsewhere</label>
        <textarea
          id="event"
          class="code"
          rows={18}
          value={text}
          onInput={(input) => setText(input.currentTarget.value)}
        />
      </div>
      <Vkeys vkeys={vkeys} keep={keep} onUseServed={() => session.api.text('audit-log/keys')} />
      <p class="bar">
        <button type="button" class="main" onClick={() => void verify()}>
          Verify this event
        </button>
      </p>
      {verdict !== undefined && <VerdictLine verdict={verdict} />}
    </>
  );
}
