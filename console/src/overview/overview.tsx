import type { JSX } from 'preact';
import { type AuditEvent, dataOf } from '../api.js';
import { Show } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';
import { Bars, DayChart, Figure } from './charts.js';
import { overviewOf } from './counts.js';

const DAYS = 14;
const PAGES = 10;

/** The last two weeks of the tenant. */
export function OverviewPage({ session }: { session: Session }): JSX.Element {
  const [loaded] = useLoaded((signal) => latestEvents(session, signal), [session]);
  return (
    <section>
      <h1>{`The last ${DAYS} days`}</h1>
      <Show loaded={loaded}>
        {({ events, whole }) => {
          const { days, patches, failed, unknown, ...counts } = overviewOf(events, new Date(), DAYS);
          return (
            <>
              {!whole && <p class="quiet">{`Only the newest ${events.length} events are counted.`}</p>}
              <div class="figures">
                <Figure value={patches} label="patches" />
                <Figure value={failed} label="of them not or not all applied, or unknown" />
                <Figure value={unknown.length} label="not known yet" />
                <Figure value={counts.refused} label="requests refused by the BFF" />
              </div>
              {unknown.length > 0 && (
                <>
                  <h2>Not known yet</h2>
                  <ul>
                    {unknown.map((id) => (
                      <li key={id}>
                        <a href={linkTo({ page: 'operation', id, customer: '' })}>{id}</a>
                      </li>
                    ))}
                  </ul>
                </>
              )}
              <section class="panel" aria-label="Patches a day">
                <h2>Patches a day</h2>
                <DayChart days={days} />
              </section>
              <div class="side-by-side">
                <Bars title="Outcomes" counts={counts.outcomes} />
                <Bars title="Refused requests" counts={counts.refusals} />
                <Bars title="Billing tokens used" counts={counts.tokens} />
              </div>
            </>
          );
        }}
      </Show>
    </section>
  );
}

async function latestEvents(
  session: Session,
  signal: AbortSignal,
): Promise<{ events: readonly AuditEvent[]; whole: boolean }> {
  const first = new Date(Date.now() - (DAYS - 1) * 86_400_000);
  const from = first.toISOString().slice(0, 10);
  const events: AuditEvent[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const query = { from, limit: 200, clear: false, ...(cursor === undefined ? {} : { cursor }) };
    const { data, next_cursor } = dataOf(await session.api.client.listAuditEvents(query, { signal }));
    events.push(...data);
    if (next_cursor === null) return { events, whole: true };
    cursor = next_cursor;
  }
  return { events, whole: false };
}
