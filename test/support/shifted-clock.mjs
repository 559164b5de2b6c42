// Loaded into a process before the service: its wall clock is CLOCK_AHEAD_MS milliseconds ahead. The monotonic clock and
// timers are left alone, as on a machine whose time is set wrong.
import process from 'node:process';

const ahead = Number(process.env.CLOCK_AHEAD_MS);
const now = Date.now;

globalThis.Date = class extends Date {
  constructor(...parameters) {
    super(...(parameters.length === 0 ? [now() + ahead] : parameters));
  }

  static now() {
    return now() + ahead;
  }
};
