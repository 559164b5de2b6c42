import type { JSX, TargetedEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { FIELDS } from '../fields.js';
import { EFFECTS, saying } from '../words.js';
import {
  FILTER_NAMES,
  type Filters,
  filtersIn,
  given,
  monthName,
  monthsUntil,
  NO_FILTERS,
} from './filters.js';

/** They stand in the address: a link keeps them, and so does the way back from an operation. */
export function useFilters(): [Filters, (changed: Partial<Filters>) => void] {
  const [filters, setFilters] = useState(() => filtersIn(location.hash));
  useEffect(() => {
    const follow = (): void => setFilters(filtersIn(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const change = (changed: Partial<Filters>): void => {
    const next = { ...filters, ...changed };
    const query = String(new URLSearchParams(given(next)));
    const [page = ''] = location.hash.split('?');
    // No event: the page stays as it is.
    history.replaceState(null, '', query === '' ? page : `${page}?${query}`);
    setFilters(next);
  };
  return [filters, change];
}

export function FilterBar({
  filters,
  onChange,
  ofCustomer,
}: {
  filters: Filters;
  onChange: (changed: Partial<Filters>) => void;
  /** The API looks for a field only in one customer's changes. */
  ofCustomer: boolean;
}): JSX.Element {
  const set = (name: keyof Filters) => (event: TargetedEvent<HTMLInputElement | HTMLSelectElement>) => {
    onChange({ [name]: event.currentTarget.value.trim() });
  };
  const none = FILTER_NAMES.every((name) => filters[name] === '');
  return (
    <form class="bar filters" onSubmit={(event) => event.preventDefault()}>
      {ofCustomer && (
        <Select
          name="field"
          label="Field"
          value={filters.field}
          onChange={set('field')}
          options={FIELDS.map(({ name, label }) => [name, label])}
        />
      )}
      <Select
        name="month"
        label="Month"
        value={filters.month}
        onChange={set('month')}
        options={monthsUntil(new Date()).map((month) => [month, monthName(month)])}
      />
      <div>
        <label for="by-actor">Person or service</label>
        <input
          id="by-actor"
          value={filters.actor}
          placeholder="all; a name, then Enter"
          onChange={set('actor')}
        />
      </div>
      <Select
        name="effect"
        label="Effect"
        value={filters.effect}
        onChange={set('effect')}
        options={EFFECTS.map((effect) => [effect, saying(effect)])}
      />
      <label class="tick">
        <input
          type="checkbox"
          checked={filters.all !== ''}
          onChange={(event) => onChange({ all: event.currentTarget.checked ? 'yes' : '' })}
        />
        Reads and previews
      </label>
      <button type="button" disabled={none} onClick={() => onChange(NO_FILTERS)}>
        Show all
      </button>
    </form>
  );
}

function Select({
  name,
  label,
  value,
  options,
  onChange,
}: {
  name: string;
  label: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChange: (event: TargetedEvent<HTMLSelectElement>) => void;
}): JSX.Element {
  return (
    <div>
      <label for={`by-${name}`}>{label}</label>
      <select id={`by-${name}`} value={value} onChange={onChange}>
        <option value="">all</option>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
