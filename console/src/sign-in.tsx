import type { JSX, TargetedSubmitEvent } from 'preact';
import { Fault, textIn } from './parts.js';
import { type OAuth, type Session, sessionOf, signIn } from './session.js';

/** The login page of the identity provider, or a pasted token. */
export function SignIn({
  oauth,
  fault,
  onSession,
}: {
  oauth: OAuth | null;
  fault: string;
  onSession: (session: Session) => void;
}): JSX.Element {
  const paste = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const token = textIn(event.currentTarget, 'token');
    if (token !== '') onSession(sessionOf(token));
  };
  return (
    <main class="sign-in">
      <h1>billing-bff console</h1>
      <p class="quiet">Who changed a customer, when, and what became of it.</p>
      {fault !== '' && <Fault>{fault}</Fault>}
      {oauth !== null && (
        <p class="bar">
          {oauth.login_hints.map((hint) => (
            <button key={hint} type="button" class="main" onClick={() => void signIn(oauth, hint)}>
              {`Sign in as ${hint}`}
            </button>
          ))}
          {oauth.login_hints.length === 0 && (
            <button type="button" class="main" onClick={() => void signIn(oauth)}>
              Sign in
            </button>
          )}
        </p>
      )}
      <form onSubmit={paste}>
        <div class="input">
          <label for="token">Or paste an access token</label>
          <input id="token" name="token" type="password" autocomplete="off" />
          <small class="quiet">It stays in this page's memory. A reload forgets it.</small>
        </div>
        <button>Use this token</button>
      </form>
    </main>
  );
}
