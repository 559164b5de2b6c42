import type { JSX, TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import type { Tenant, TokenVersion } from '../api.js';
import { Badge, Fault, Show, textIn, Time } from '../parts.js';
import type { Session } from '../session.js';
import { messageOf, useLoaded } from '../use-loaded.js';

/** Every tenant: its status and its tokens; needs `tenants:admin`. */
export function TenantsPage({
  session,
  onActFor,
}: {
  session: Session;
  onActFor: (tenant: string) => void;
}): JSX.Element {
  const [loaded] = useLoaded(() => session.api.json<{ data: Tenant[] }>('GET', 'tenants'), [session]);
  return (
    <section>
      <h1>Tenants</h1>
      {session.tenant === undefined && session.may('tenants:any') && (
        <p class="quiet">Choose the tenant whose customers, changes and log you want to see.</p>
      )}
      <Show loaded={loaded}>
        {({ data }) => (
          <>
            {data.map((tenant) => (
              <article key={tenant.id} class="panel">
                <p class="bar">
                  <strong>{tenant.name}</strong> <code>{tenant.id}</code> <Badge word={tenant.status} />
                  {session.may('tenants:any') && (
                    <button type="button" onClick={() => onActFor(tenant.id)}>
                      Look at its customers
                    </button>
                  )}
                </p>
                <Tokens session={session} tenant={tenant.id} />
              </article>
            ))}
          </>
        )}
      </Show>
    </section>
  );
}

function Tokens({ session, tenant }: { session: Session; tenant: string }): JSX.Element {
  const path = `tenants/${encodeURIComponent(tenant)}`;
  const [loaded, reload] = useLoaded(
    () => session.api.json<{ data: TokenVersion[] }>('GET', `${path}/tokens`),
    [session, tenant],
  );
  const [fault, setFault] = useState('');
  const rotate = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    try {
      await session.api.json('PUT', `${path}/token`, { token: textIn(form, 'token') });
      form.reset();
      setFault('');
      reload();
    } catch (error) {
      setFault(messageOf(error));
    }
  };
  return (
    <>
      <Show loaded={loaded}>
        {({ data }) => (
          <table>
            <thead>
              <tr>
                <th>Token</th>
                <th>Fingerprint</th>
                <th>Since</th>
                <th>State</th>
              </tr>
            </thead>
            <tbody>
              {data.map(({ version, fingerprint, created_at, retired_at, rejected_at }) => (
                <tr key={version}>
                  <th scope="row">{version}</th>
                  <td>
                    <code>{fingerprint}</code>
                  </td>
                  <td>
                    <Time at={created_at} />
                  </td>
                  <td>{stateOf(retired_at, rejected_at, version === currentOf(data))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Show>
      <form class="bar" onSubmit={(event) => void rotate(event)}>
        <label>
          New billing token <input name="token" type="password" autocomplete="off" required />
        </label>
        <button>Rotate</button>
      </form>
      {fault !== '' && <Fault>{fault}</Fault>}
    </>
  );
}

/** The highest that is not retired. */
function currentOf(versions: readonly TokenVersion[]): number | undefined {
  return versions
    .filter(({ retired_at }) => retired_at === null)
    .map(({ version }) => version)
    .sort((one, other) => other - one)[0];
}

function stateOf(retired: string | null, rejected: string | null, current: boolean): string {
  if (retired !== null) return '· retired';
  if (rejected !== null) return '✗ rejected by the billing API';
  return current ? '✓ in use' : '· in reserve';
}
