import type { JSX } from 'preact';
import type { Verdict } from './verify.js';

export function VerdictLine({ verdict: { valid, message } }: { verdict: Verdict }): JSX.Element {
  if (valid === undefined)
    return <p class="verdict open" role="alert">{`? Nothing can be said. ${message}`}</p>;
  return valid ? (
    <p class="verdict good" role="status">{`✓ Valid. ${message}`}</p>
  ) : (
    <p class="verdict bad" role="alert">{`✗ Not valid. ${message}`}</p>
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
      <label for="vkeys">Public keys (vkeys) of the log and of witnesses, one a line</label>
      <textarea
        id="vkeys"
        class="code"
        rows={3}
        placeholder="name+1234abcd+AQID…"
        value={vkeys}
        onInput={(event) => keep(event.currentTarget.value)}
      />
      <small class="quiet">
        Paste what was given to you outside, once; this browser keeps it. What the service itself shows is
        good for trying, and proves nothing against somebody who runs the service.
      </small>
      <p class="bar">
        <button type="button" onClick={() => void onUseServed().then(keep)}>
          Use the keys that the service shows
        </button>
      </p>
    </div>
  );
}
