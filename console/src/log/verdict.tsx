import type { JSX } from 'preact';
import type { Verdict } from './verify.js';

export function VerdictLine({ verdict }: { verdict: Verdict }): JSX.Element {
  return verdict.valid ? (
    <p class="verdict good" role="status">{`✓ Valid. ${verdict.message}`}</p>
  ) : (
    <p class="verdict bad" role="alert">{`✗ Not valid. ${verdict.message}`}</p>
  );
}

/** Where the person says which keys count. The service's own answer would prove nothing against the service. */
export function Vkeys({
  vkeys,
  keep,
  onUseServed,
}: {
  vkeys: string;
  keep: (vkeys: string) => void;
  onUseServed: () => Promise<string>;
}): JSX.Element {
  return (
    <div class="input">
      <label for="vkeys">Keys that you trust (vkeys of the log and of witnesses, one a line)</label>
      <textarea
        id="vkeys"
        rows={3}
        placeholder="name+1234abcd+AQID…"
        value={vkeys}
        onInput={(event) => keep(event.currentTarget.value)}
      />
      <small class="quiet">
        Paste what was given to you outside, once; this browser keeps it. The keys that the service shows now
        prove nothing against somebody who runs the service.{' '}
        <button type="button" onClick={() => void onUseServed().then(keep)}>
          Use them all the same
        </button>
      </small>
    </div>
  );
}
