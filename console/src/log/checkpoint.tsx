import type { JSX } from 'preact';
import { fromBase64 } from './bytes.js';

/** A checkpoint as it says of itself; nothing is checked. */
export function CheckpointFacts({ note }: { note: string }): JSX.Element {
  const [text = '', signatures = ''] = note.split('\n\n');
  const [origin = '', size = '', root = ''] = text.split('\n');
  const signers = [...signatures.matchAll(/^\u2014 (\S+) (\S+)$/gm)];
  const witnesses = signers.filter(([, name]) => name !== origin);
  return (
    <dl class="facts">
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
  const seconds = new DataView(fromBase64(signature).buffer).getBigUint64(4);
  return new Date(Number(seconds) * 1_000).toLocaleString();
}
