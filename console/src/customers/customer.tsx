import type { JSX } from 'preact';
import { dataOf } from '../api.js';
import { FIELDS } from '../fields.js';
import { Show, Time, Value } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';
import type { Json } from '../values.js';
import { actorName, entriesOf, latestChanges } from './history.js';
import { Timeline } from './timeline.js';

/** A customer: each field, who changed it last, and the timeline. */
export function CustomerPage({ session, id }: { session: Session; id: string }): JSX.Element {
  const [loaded] = useLoaded(
    async (signal) => dataOf(await session.api.client.getCustomer(id, { signal })),
    [session, id],
  );
  const [trail] = useLoaded((signal) => latestOf(session, id, signal), [session, id]);
  return (
    <section>
      <Show loaded={loaded}>
        {(customer) => (
          <>
            <h1>{customer.name}</h1>
            <p class="bar">
              <code>{customer.id}</code>
              {session.may('customers:write') && (
                <a class="button" href={linkTo({ page: 'change', id: customer.id })}>
                  Change
                </a>
              )}
            </p>
            <table>
              <thead>
                <tr>
                  <th>Field</th>
                  <th>Value</th>
                  <th>Last changed by</th>
                </tr>
              </thead>
              <tbody>
                {FIELDS.filter(({ name }) => name in customer).map(({ name, label }) => {
                  const change = trail.state === 'ready' ? trail.data.get(name) : undefined;
                  return (
                    <tr key={name}>
                      <th scope="row">{label}</th>
                      <td>
                        <Value value={customer[name as keyof typeof customer] as Json} />
                      </td>
                      <td>
                        {typeof change?.operationId === 'string' && (
                          <>
                            <a href={linkTo({ page: 'operation', id: change.operationId, customer: id })}>
                              {actorName(change.actor)}
                            </a>
                            {', '}
                            <Time at={change.at} />
                          </>
                        )}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </>
        )}
      </Show>
      {session.may('audit:read') && <Timeline session={session} customer={id} />}
    </section>
  );
}

const NOTHING: ReturnType<typeof latestChanges> = new Map();

/** As far as the latest two hundred events go. */
async function latestOf(
  session: Session,
  customer: string,
  signal: AbortSignal,
): Promise<ReturnType<typeof latestChanges>> {
  if (!session.may('audit:read')) return NOTHING;
  const query = { customer, action: 'customer.patch', phase: 'outcome', limit: 200 } as const;
  const { data } = dataOf(await session.api.client.listAuditEvents(query, { signal }));
  return latestChanges(entriesOf(data));
}
