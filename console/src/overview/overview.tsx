import type { JSX } from 'preact';
import { type AuditEvent, dataOf } from '../api.js';
import { Show } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';
import { type Count, overviewOf } from './counts.js';

const DAYS = 14;
const PAGES = 10;

/** The last two weeks of the tenant, as bars with their numbers. */
export function OverviewPage({ session }: { session: Session }): JSX.Element {
  const [loaded] = useLoaded((signal) => latestEvents(session, signal), [session]);
  return (
    <section>
      <h1>{`The last ${DAYS} days`}</h1>
      <Show loaded={loaded}>
        {({ events, whole }) => {
          const overview = overviewOf(events);
          return (
            <>
              {!whole && <p class="quiet">{`Only the newest ${events.length} events are counted.`}</p>}
              <h2>Not known yet</h2>
              {overview.unknown.length === 0 && <p>✓ The end of every patch is known.</p>}
              <ul>
                {overview.unknown.map((id) => (
                  <li key={id}>
                    <a href={linkTo({ page: 'operation', id, customer: '' })}>{id}</a>
                  </li>
                ))}
              </ul>
              <Bars title="Patches a day" counts={overview.changes} />
              <Bars title="Outcomes" counts={overview.outcomes} />
              <Bars title="Refused requests" counts={overview.refusals} />
              <Bars title="Billing tokens used" counts={overview.tokens} />
            </>
          );
        }}
      </Show>
    </section>
  );
}

/** `meter` says its value to a screen reader; the number stands beside it. */
function Bars({ title, counts }: { title: string; counts: readonly Count[] }): JSX.Element {
  const most = Math.max(1, ...counts.map(({ count }) => count));
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {counts.length === 0 && <p class="quiet">None.</p>}
      <table class="bars">
        <tbody>
          {counts.map(({ name, count }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <meter aria-label={name} min={0} max={most} value={count} />
              </td>
              <td>{count}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

async function latestEvents(
  session: Session,
  signal: AbortSignal,
): Promise<{ events: readonly AuditEvent[]; whole: boolean }> {
  const from = new Date(Date.now() - DAYS * 86_400_000).toISOString();
  const events: AuditEvent[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const query = { from, limit: 200, ...(cursor === undefined ? {} : { cursor }) };
    const { data, next_cursor } = dataOf(await session.api.client.listAuditEvents(query, { signal }));
    events.push(...data);
    if (next_cursor === null) return { events, whole: true };
    cursor = next_cursor;
  }
  return { events, whole: false };
}
