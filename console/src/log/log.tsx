import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Show, Time } from '../parts.js';
import type { Session } from '../session.js';
import { messageOf, useLoaded } from '../use-loaded.js';
import type { Bytes } from './bytes.js';
import { CheckpointFacts } from './checkpoint.js';
import { type KeptEnd, useKeptEnds, useKeptKeys } from './kept.js';
import { sizeIn } from './note.js';
import { type Verdict, verifyExport, verifyGrowth } from './verify.js';
import { VerdictLine, Vkeys } from './verdict.js';

/** The tenant's log: its newest checkpoint, and a check of everything in it, or of what is new. */
export function LogPage({ session }: { session: Session }): JSX.Element {
  const [origin, setOrigin] = useState('');
  const [checkpoint, reload] = useLoaded(async () => {
    const note = await newestOf(session);
    setOrigin(note.split('\n')[0] ?? '');
    return note;
  }, [session]);
  return (
    <section>
      <h1>The log</h1>
      <p>
        Every event of the trail gets its place in this log, and the log signs its state. Whoever keeps a
        state can tell later whether anything was changed, taken away or put in.
      </p>
      <Show loaded={checkpoint}>
        {(note) => (
          <>
            <CheckpointFacts note={note} />
            <button type="button" onClick={reload}>
              Look again
            </button>
          </>
        )}
      </Show>
      {origin !== '' && <Verification session={session} origin={origin} onChecked={reload} />}
    </section>
  );
}

function Verification({
  session,
  origin,
  onChecked,
}: {
  session: Session;
  origin: string;
  onChecked: () => void;
}): JSX.Element {
  const [vkeys, keep] = useKeptKeys();
  const [ends, keepEnd] = useKeptEnds();
  const [verdict, setVerdict] = useState<Verdict>();
  const [busy, setBusy] = useState(false);
  const last = ends[origin];
  const check = async (work: () => Promise<Verdict>): Promise<void> => {
    setBusy(true);
    try {
      const found = await work();
      setVerdict(found);
      if (found.end !== undefined) keepEnd(origin, { ...found.end, at: new Date().toISOString() });
    } catch (error) {
      setVerdict({ valid: undefined, message: messageOf(error) });
    }
    setBusy(false);
    onChecked();
  };
  const verify = async (lines: string): Promise<Verdict> =>
    verifyExport(lines.split('\n'), vkeys, (n, width) => tileOf(session, n, width), last);
  const since = async (end: KeptEnd): Promise<Verdict> => {
    const growth = await verifyGrowth(await newestOf(session), vkeys, end);
    if (growth.valid !== true) return growth;
    return verify(await exported(session, `&after_leaf=${sizeIn(end.checkpoint) - 1}`));
  };
  return (
    <>
      <h2>1. Keys that you trust</h2>
      <Vkeys vkeys={vkeys} keep={keep} onUseServed={() => session.api.text('audit-log/keys')} />
      <h2>2. Verify</h2>
      <p class="bar">
        {last !== undefined && (
          <button type="button" class="main" disabled={busy} onClick={() => void check(() => since(last))}>
            Verify what is new
          </button>
        )}
        <button
          type="button"
          class={last === undefined ? 'main' : ''}
          disabled={busy}
          onClick={() => void check(async () => verify(await exported(session, '')))}
        >
          Verify everything
        </button>
        <label>
          or an export that you kept{' '}
          <input
            type="file"
            accept=".ndjson,application/x-ndjson"
            onChange={(event) => {
              const [file] = event.currentTarget.files ?? [];
              if (file !== undefined) void check(async () => verify(await file.text()));
            }}
          />
        </label>
      </p>
      <p class="quiet">This browser exports the trail, which is recorded, and checks every event itself.</p>
      {verdict !== undefined && <VerdictLine verdict={verdict} />}
      {last === undefined ? (
        <p class="quiet">
          After a valid check this browser keeps where it ended: the log's name, size and root with their
          signature, nothing personal. The next check tells by it whether the log was rolled back or
          rewritten.
        </p>
      ) : (
        <p>
          {`This browser keeps that it verified ${sizeIn(last.checkpoint)} events on `}
          <Time at={last.at} />
          {'. '}
          <button type="button" onClick={() => keepEnd(origin, undefined)}>
            Forget it
          </button>
        </p>
      )}
    </>
  );
}

function newestOf(session: Session): Promise<string> {
  return session.api.text('audit-log/checkpoint');
}

/** Values in clear are not part of what is verified. */
function exported(session: Session, more: string): Promise<string> {
  return session.api.text(`audit-events?clear=false${more}`, 'application/x-ndjson');
}

async function tileOf(session: Session, n: number, width: number): Promise<Bytes> {
  const groups =
    String(n)
      .padStart(Math.ceil(String(n).length / 3) * 3, '0')
      .match(/.{3}/g) ?? [];
  const path = groups.map((group, index) => (index < groups.length - 1 ? `x${group}` : group)).join('/');
  return session.api.bytes(`audit-log/tile/0/${path}${width === 256 ? '' : `.p/${width}`}`);
}
