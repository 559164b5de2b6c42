import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { dataOf } from '../api.js';
import { mayUndo } from '../change/undo-plan.js';
import { FIELDS } from '../fields.js';
import { Show, Time, Value } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';
import type { Json } from '../values.js';
import { useFilters } from './filter-bar.js';
import { actorName, type Entry, entriesOf, latestChanges } from './history.js';
import { Timeline } from './timeline.js';

/** A customer: each field, who changed it last, and the timeline. */
export function CustomerPage({ session, id }: { session: Session; id: string }): JSX.Element {
  const [loaded] = useLoaded(
    async (signal) => dataOf(await session.api.client.getCustomer(id, { signal })),
    [session, id],
  );
  const [trail] = useLoaded((signal) => latestOf(session, id, signal), [session, id]);
  const [filters, change] = useFilters();
  const timeline = useRef<HTMLHeadingElement>(null);
  const showHistory = (field: string): void => {
    change({ field });
    timeline.current?.focus();
    timeline.current?.scrollIntoView();
  };
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
            <table class="stacked">
              <thead>
                <tr>
                  <th>Field</th>
                  <th>Value</th>
                  {session.may('audit:read') && (
                    <>
                      <th>Last changed</th>
                      <th>
                        <span class="unseen">More</span>
                      </th>
                    </>
                  )}
                </tr>
              </thead>
              <tbody>
                {FIELDS.filter(({ name }) => name in customer).map(({ name, label }) => (
                  <tr key={name}>
                    <th scope="row">{label}</th>
                    <td>
                      <Value field={name} value={customer[name as keyof typeof customer] as Json} />
                    </td>
                    {session.may('audit:read') && (
                      <LastChange
                        session={session}
                        customer={customer.id}
                        entry={trail.state === 'ready' ? trail.data.get(name) : undefined}
                        none={trail.state === 'ready' ? '–' : ''}
                        onHistory={() => showHistory(name)}
                        label={label}
                      />
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          </>
        )}
      </Show>
      {session.may('audit:read') && (
        <section aria-labelledby="timeline">
          <h2 id="timeline" ref={timeline} tabIndex={-1}>
            Timeline
          </h2>
          <Timeline session={session} customer={id} filters={filters} onFilter={change} />
        </section>
      )}
    </section>
  );
}

function LastChange({
  session,
  customer,
  entry,
  none,
  label,
  onHistory,
}: {
  session: Session;
  customer: string;
  entry: Entry | undefined;
  /** What stands for no entry. */
  none: string;
  label: string;
  onHistory: () => void;
}): JSX.Element {
  if (entry === undefined)
    return (
      <>
        <td class="quiet nothing">{none}</td>
        <td />
      </>
    );
  return (
    <>
      <td data-label="Last changed">
        {`${actorName(entry.actor)}, `}
        <Time at={entry.at} />
      </td>
      <td>
        <button type="button" class="as-link" aria-label={`History of ${label}`} onClick={onHistory}>
          History
        </button>
        {typeof entry.operationId === 'string' && mayUndo(session, entry.changes) && (
          <>
            {' '}
            <a
              href={linkTo({ page: 'undo', id: entry.operationId, customer })}
              aria-label={`Undo the last change of ${label}`}
            >
              Undo
            </a>
          </>
        )}
      </td>
    </>
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
  const query = { customer, action: 'customer.patch', phase: 'outcome', limit: 200, clear: false } as const;
  const { data } = dataOf(await session.api.client.listAuditEvents(query, { signal }));
  return latestChanges(entriesOf(data));
}
