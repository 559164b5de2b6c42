import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Show } from '../parts.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';
import type { Bytes } from './bytes.js';
import { useKeptKeys } from './kept-keys.js';
import { type Verdict, verifyExport } from './verify.js';
import { VerdictLine, Vkeys } from './verdict.js';

/** The tenant's log: its newest checkpoint, and a check of everything in it. */
export function LogPage({ session }: { session: Session }): JSX.Element {
  const [checkpoint, reload] = useLoaded(() => session.api.text('audit-log/checkpoint'), [session]);
  const [vkeys, keep] = useKeptKeys();
  const [verdict, setVerdict] = useState<Verdict>();
  const [busy, setBusy] = useState(false);
  const check = async (lines: () => Promise<string[]>): Promise<void> => {
    setBusy(true);
    setVerdict(await verifyExport(await lines(), vkeys, (n, width) => tileOf(session, n, width)));
    setBusy(false);
  };
  const asked = async (): Promise<string[]> =>
    (await session.api.text('audit-events', 'application/x-ndjson')).split('\n');
  return (
    <section>
      <h1>The log</h1>
      <Show loaded={checkpoint}>{(note) => <Note note={note} />}</Show>
      <button type="button" onClick={reload}>
        Look again
      </button>
      <Vkeys vkeys={vkeys} keep={keep} onUseServed={() => session.api.text('audit-log/keys')} />
      <h2>Verify everything</h2>
      <p>
        The browser asks for an export of the whole trail (which is recorded), and checks every event in it.
      </p>
      <p class="bar">
        <button type="button" class="main" disabled={busy} onClick={() => void check(asked)}>
          Verify everything
        </button>
        <label>
          or an export that you kept{' '}
          <input
            type="file"
            accept=".ndjson,application/x-ndjson"
            onChange={(event) => {
              const [file] = event.currentTarget.files ?? [];
              if (file !== undefined) void check(async () => (await file.text()).split('\n'));
            }}
          />
        </label>
      </p>
      {verdict !== undefined && <VerdictLine verdict={verdict} />}
    </section>
  );
}

function Note({ note }: { note: string }): JSX.Element {
  const [text = '', signatures = ''] = note.split('\n\n');
  const [origin = '', size = '', root = ''] = text.split('\n');
  const signers = [...signatures.matchAll(/^\u2014 (\S+) (\S+)$/gm)];
  const witnesses = signers.filter(([, name]) => name !== origin);
  return (
    <dl>
      <dt>Origin</dt>
      <dd>
        <code>{origin}</code>
      </dd>
      <dt>Size</dt>
      <dd>{`${size} events`}</dd>
      <dt>Root</dt>
      <dd>
        <code>{root}</code>
      </dd>
      <dt>Witnesses</dt>
      <dd>
        {witnesses.length === 0
          ? 'None has cosigned this checkpoint yet.'
          : witnesses.map(([, name = '', signature = '']) => (
              <div key={signature}>{`${name}, ${cosignedAt(signature)}`}</div>
            ))}
      </dd>
    </dl>
  );
}

/** The time in a cosignature: eight bytes behind the key id. */
function cosignedAt(signature: string): string {
  const bytes = Uint8Array.from(atob(signature), (char) => char.charCodeAt(0));
  const seconds = new DataView(bytes.buffer).getBigUint64(4);
  return new Date(Number(seconds) * 1_000).toLocaleString();
}

async function tileOf(session: Session, n: number, width: number): Promise<Bytes> {
  const groups =
    String(n)
      .padStart(Math.ceil(String(n).length / 3) * 3, '0')
      .match(/.{3}/g) ?? [];
  const path = groups.map((group, index) => (index < groups.length - 1 ? `x${group}` : group)).join('/');
  return session.api.bytes(`audit-log/tile/0/${path}${width === 256 ? '' : `.p/${width}`}`);
}
