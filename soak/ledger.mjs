// What callers were answered, by phase, and whether it was due.
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Examples that are kept of what was not due. */
const MOST_EXAMPLES = 50;

export class Ledger {
  delay = monitorEventLoopDelay({ resolution: 10 });
  /** One a phase, in order. */
  rows = [];
  /** Answers that were not due. */
  undue = [];
  undueCount = 0;
  /** Patches that were answered 200. */
  acknowledged = [];
  /** A phase, or the rest of one once it is mended, and the failures that are due in it; the last one is now. */
  states = [{ row: undefined, due: new Set() }];

  /** From now on, until `mended`, these failures are due. */
  begin(name, due) {
    this.rows.push({ name, due, began: Date.now(), requests: 0, answers: new Map(), recovery: undefined });
    this.states.push({ row: this.rows.at(-1), due: new Set(due) });
    this.delay.reset();
    this.delay.enable();
  }

  /** From now on nothing but successes is due. */
  mended() {
    this.states.push({ ...this.states.at(-1), due: new Set() });
  }

  /** A place in what happens. */
  get now() {
    return this.states.length - 1;
  }

  get phase() {
    return this.states.at(-1).row?.name;
  }

  end() {
    // A machine that has no time for the soak has none for the service.
    Object.assign(this.rows.at(-1), { ended: Date.now(), lateMs: this.delay.max / 1e6 });
  }

  /**
   * A failure is due if it was at any time from the beginning of the request, or of the first try of the same change.
   * @param label such as `503 audit-unavailable`
   * @param expected labels that are no failure of this request
   * @param since what `now` was when it began
   */
  note({ label, expected, since, example }) {
    const during = this.states.slice(since);
    const { row } = during[0];
    row.requests += 1;
    row.answers.set(label, (row.answers.get(label) ?? 0) + 1);
    const isDue = during.some(({ due }) => due.has(label));
    if (label === '200' || expected.includes(label) || isDue) return;
    this.undueCount += 1;
    if (this.undue.length < MOST_EXAMPLES)
      this.undue.push(`${row.name}: ${label} ${example} at ${new Date().toISOString()}`);
  }
}
