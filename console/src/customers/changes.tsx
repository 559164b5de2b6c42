import type { JSX } from 'preact';
import type { Session } from '../session.js';
import { useFilters } from './filter-bar.js';
import { Timeline } from './timeline.js';

/** What happened to all customers: for who knows the person or the time, and not the customer. */
export function ChangesPage({ session }: { session: Session }): JSX.Element {
  const [filters, change] = useFilters();
  return (
    <section aria-label="Changes">
      <h1>Changes</h1>
      <Timeline session={session} filters={filters} onFilter={change} />
    </section>
  );
}
