import type { JSX, TargetedEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type AuditEvent, dataOf } from '../api.js';
import { FIELDS } from '../fields.js';
import { Badge, Changes, Fault, Time } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { messageOf } from '../use-loaded.js';
import { actorName, type Entry, entriesOf } from './history.js';

const EFFECTS = [
  'applied',
  'normalised',
  'ignored',
  'raced',
  'unverifiable',
  'not_applied',
  'unchanged',
] as const;

/** What the person looks for; empty: all. */
interface Filters {
  readonly actor: string;
  readonly field: string;
  readonly effect: string;
  /** `2026-05`. */
  readonly month: string;
  /** Reads and previews too. */
  readonly all: boolean;
}

const NO_FILTERS: Filters = { actor: '', field: '', effect: '', month: '', all: false };

/** What happened to a customer, an operation a line, newest first. */
export function Timeline({ session, customer }: { session: Session; customer: string }): JSX.Element {
  const [filters, setFilters] = useState(NO_FILTERS);
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
        customer,
        limit: 100,
        ...queryOf(filters),
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
    void load(undefined, [], gone.signal);
    return () => gone.abort();
  }, [session, customer, filters]);

  const entries = entriesOf(events);
  return (
    <section aria-label="Timeline">
      <h2>Timeline</h2>
      <FilterBar filters={filters} onChange={setFilters} />
      {fault !== '' && <Fault>{fault}</Fault>}
      <ol class="timeline">
        {entries.map((entry) => (
          <li key={entry.key}>
            <Line entry={entry} customer={customer} />
          </li>
        ))}
      </ol>
      {cursor === null && entries.length === 0 && <p>Nothing is recorded for these filters.</p>}
      {typeof cursor === 'string' && (
        <button type="button" onClick={() => void load(cursor, events)}>
          Older
        </button>
      )}
    </section>
  );
}

function Line({ entry, customer }: { entry: Entry; customer: string }): JSX.Element {
  const { operationId, credential, reverts } = entry;
  return (
    <article>
      <p class="bar">
        <Time at={entry.at} />
        <strong>{actorName(entry.actor)}</strong>
        <span class="quiet">{entry.actor.type}</span>
        {entry.action === 'customer.patch' ? <Badge word={entry.outcome} /> : <span>{entry.action}</span>}
        {credential !== null && <span class="quiet">{`token ${credential.version}`}</span>}
        {reverts !== undefined && <span>{`undoes ${reverts}`}</span>}
        {operationId !== null && (
          <a href={linkTo({ page: 'operation', id: operationId, customer })}>Operation</a>
        )}
      </p>
      {entry.changes.length > 0 && <Changes changes={entry.changes} />}
    </article>
  );
}

function FilterBar({
  filters,
  onChange,
}: {
  filters: Filters;
  onChange: (filters: Filters) => void;
}): JSX.Element {
  const set = (name: keyof Filters) => (event: TargetedEvent<HTMLInputElement | HTMLSelectElement>) => {
    onChange({ ...filters, [name]: event.currentTarget.value });
  };
  return (
    <form class="bar" onSubmit={(event) => event.preventDefault()}>
      <label>
        Person or service <input value={filters.actor} onChange={set('actor')} />
      </label>
      <span class="bar">
        <label for="by-field">Field</label>
        <select id="by-field" value={filters.field} onChange={set('field')}>
          <option value="">all</option>
          {FIELDS.map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </span>
      <span class="bar">
        <label for="by-effect">Effect</label>
        <select id="by-effect" value={filters.effect} onChange={set('effect')}>
          <option value="">all</option>
          {EFFECTS.map((effect) => (
            <option key={effect}>{effect}</option>
          ))}
        </select>
      </span>
      <label>
        Month <input type="month" value={filters.month} onChange={set('month')} />
      </label>
      <label>
        <input
          type="checkbox"
          checked={filters.all}
          onChange={(event) => onChange({ ...filters, all: event.currentTarget.checked })}
        />
        reads and previews
      </label>
    </form>
  );
}

/** The filters as the route takes them. */
export function queryOf({ actor, field, effect, month, all }: Filters): Record<string, string> {
  return {
    ...(actor === '' ? {} : { actor }),
    ...(field === '' ? {} : { field }),
    ...(effect === '' ? {} : { effect }),
    ...(/^\d{4}-\d{2}$/.test(month) ? { from: `${month}-01`, to: lastDayOf(month) } : {}),
    ...(all ? {} : { action: 'customer.patch' }),
  };
}

function lastDayOf(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}
