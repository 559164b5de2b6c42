// Charts that can be read without colour: every bar has its number beside it, and what failed is hatched.
import type { JSX } from 'preact';
import { axisEnd, type Count, type Day } from './counts.js';

/** Columns over time, with an axis. */
export function DayChart({ days }: { days: readonly Day[] }): JSX.Element {
  const end = axisEnd(Math.max(...days.map(({ count }) => count)));
  return (
    <figure class="days">
      <div class="axis" aria-hidden="true">
        <span>{end}</span>
        <span>{end / 2}</span>
        <span>0</span>
      </div>
      <ol>
        {days.map(({ day, count, failed }) => (
          <li key={day}>
            <span class="unseen">{`${dayName(day)}: ${count} patches, ${failed} not or not all applied, or unknown`}</span>
            <div class="column" aria-hidden="true" title={dayName(day)}>
              <span>{count === 0 ? '' : count}</span>
              <div class="failed" style={{ height: `${(100 * failed) / end}%` }} />
              <div class="done" style={{ height: `${(100 * (count - failed)) / end}%` }} />
            </div>
            <span class="tick" aria-hidden="true">
              {tick(day)}
            </span>
          </li>
        ))}
      </ol>
      <figcaption class="quiet">
        <div>
          <span class="key done" aria-hidden="true" />
          applied, or nothing to change
        </div>
        <div>
          <span class="key failed" aria-hidden="true" />
          not or not all applied, or unknown
        </div>
        <div>Days are UTC.</div>
      </figcaption>
    </figure>
  );
}

function dayName(day: string): string {
  return new Date(day).toLocaleDateString(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
  });
}

/** The day of the week above the day of the month. */
function tick(day: string): JSX.Element {
  const weekday = new Date(day).toLocaleDateString(undefined, { weekday: 'narrow', timeZone: 'UTC' });
  return (
    <>
      {weekday}
      <br />
      {Number(day.slice(8))}
    </>
  );
}

/** Horizontal bars from a common line, the longest first, each with its number and its share. */
export function Bars({ title, counts }: { title: string; counts: readonly Count[] }): JSX.Element {
  const all = counts.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(1, ...counts.map(({ count }) => count));
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      {counts.length === 0 && <p class="quiet">None.</p>}
      <dl class="bars">
        {counts.map(({ name, count }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <span class="done" style={{ width: `${(60 * count) / most}%` }} />
              <span>{`${count} (${Math.round((100 * count) / all)} %)`}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** A number that matters, and what it counts. */
export function Figure({ value, label }: { value: string | number; label: string }): JSX.Element {
  return (
    <div class="panel figure">
      <strong>{value}</strong>
      <span>{label}</span>
    </div>
  );
}
