import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type AuditEvent, type Change, dataOf } from '../api.js';
import { mayUndo } from '../change/undo-plan.js';
import { labelOf } from '../fields.js';
import { Badge, EndingBadge, Fault, shown, Time, useClearValues, Value } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { messageOf } from '../use-loaded.js';
import { FilterBar } from './filter-bar.js';
import { type Filters, queryOf } from './filters.js';
import { actorName, type Entry, entriesOf, summaryOf } from './history.js';

interface Props {
  readonly session: Session;
  /** Undefined: the whole tenant. */
  readonly customer?: string;
  readonly filters: Filters;
  readonly onFilter: (changed: Partial<Filters>) => void;
}

/** What happened, an operation a line, newest first. */
export function Timeline({ session, customer, filters, onFilter }: Props): JSX.Element {
  const clear = useClearValues();
  const [events, setEvents] = useState<readonly AuditEvent[]>([]);
  const [cursor, setCursor] = useState<string | null>();
  const [fault, setFault] = useState('');

  const load = async (
    from: string | undefined,
    known: readonly AuditEvent[],
    signal?: AbortSignal,
  ): Promise<void> => {
    try {
      const query = {
        ...(customer === undefined ? {} : { customer }),
        ...{ limit: 100, clear, ...queryOf(filters) },
        ...(from === undefined ? {} : { cursor: from }),
      };
      const page = dataOf(await session.api.client.listAuditEvents(query, { signal }));
      setEvents([...known, ...page.data]);
      setCursor(page.next_cursor);
      setFault('');
    } catch (error) {
      if (signal?.aborted !== true) setFault(messageOf(error));
    }
  };
  useEffect(() => {
    const gone = new AbortController();
    setCursor(undefined);
    void load(undefined, [], gone.signal);
    return () => gone.abort();
  }, [session, customer, clear, filters]);

  const entries = entriesOf(events);
  return (
    <>
      <FilterBar filters={filters} onChange={onFilter} ofCustomer={customer !== undefined} />
      {fault !== '' && <Fault>{fault}</Fault>}
      <p role="status" class="summary">
        {cursor === undefined ? 'Loading…' : summaryOf(entries, cursor !== null)}
      </p>
      {entries.length > 0 && (
        <table class="timeline stacked" aria-busy={cursor === undefined}>
          <thead>
            <tr>
              <th>When</th>
              <th>Who</th>
              <th>What</th>
              <th>Outcome</th>
              <th>
                <span class="unseen">More</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <Line key={entry.key} session={session} entry={entry} customer={customer} onFilter={onFilter} />
            ))}
          </tbody>
        </table>
      )}
      {typeof cursor === 'string' && (
        <p>
          <button type="button" onClick={() => void load(cursor, events)}>
            Older
          </button>
        </p>
      )}
    </>
  );
}

function Line({
  session,
  entry,
  customer,
  onFilter,
}: {
  session: Session;
  entry: Entry;
  customer: string | undefined;
  onFilter: Props['onFilter'];
}): JSX.Element {
  const { operationId, credential, reverts, actor } = entry;
  const about = customer ?? entry.customer ?? '';
  const isPatch = entry.action === 'customer.patch';
  return (
    <tr>
      <td>
        <Time at={entry.at} />
      </td>
      <td>
        <button
          type="button"
          class="as-link"
          title={`Only what ${actor.sub} did`}
          onClick={() => onFilter({ actor: actor.sub })}
        >
          {actorName(actor)}
        </button>
        <span class="quiet">{` ${actor.type}`}</span>
      </td>
      <td>
        {customer === undefined && entry.customer !== null && (
          <p>
            <a href={linkTo({ page: 'customer', id: entry.customer })}>{entry.customer}</a>
          </p>
        )}
        {!isPatch && <p>{entry.action}</p>}
        {entry.changes.map((change) => (
          <What key={change.field} change={change} outcome={entry.outcome} />
        ))}
        {reverts !== undefined && (
          <p>
            <a href={linkTo({ page: 'operation', id: reverts, customer: about })}>undoes an earlier one</a>
          </p>
        )}
      </td>
      <td>
        {isPatch && <EndingBadge ending={entry.ending} />}
        {credential !== null && <span class="quiet">{` token ${credential.version}`}</span>}
      </td>
      <td>
        <p class="bar">
          {operationId !== null && isPatch && (
            <a href={linkTo({ page: 'operation', id: operationId, customer: about })}>Details</a>
          )}
          {operationId !== null && isPatch && mayUndo(session, entry.changes) && (
            <a href={linkTo({ page: 'undo', id: operationId, customer: about })}>Undo</a>
          )}
        </p>
      </td>
    </tr>
  );
}

/** `VAT number: ***111 → ***222`; the effect where it is another than the outcome of all. */
function What({ change, outcome }: { change: Change; outcome: Entry['outcome'] }): JSX.Element {
  const { field, effect } = change;
  return (
    <p>
      <strong>{labelOf(field)}</strong>
      {': '}
      <Value field={field} value={shown(change, 'before')} />
      {' → '}
      <Value field={field} value={shown(change, 'after')} />
      {effect !== undefined && effect !== outcome && (
        <>
          {' '}
          <Badge word={effect} />
        </>
      )}
    </p>
  );
}
