// How figures are summed up and shown.
import { cpus, loadavg, totalmem } from 'node:os';

/** Of the last minute: a machine that does something else measures that too. */
const loadBefore = loadavg()[0].toFixed(1);

/** The machine, then rows of cells, the first row the heading. */
export function print(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  const [{ model }] = cpus();
  console.log(
    `${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ${process.platform}, ` +
      `${cpus().length} CPUs (${model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, ` +
      `load ${loadBefore} before and ${loadavg()[0].toFixed(1)} after\n\n${lines.join('\n')}`,
  );
}

export const met = (isMet) => (isMet ? 'met' : 'NOT MET');
export const number = (value) => value.toFixed(Math.abs(value) < 100 ? 1 : 0);
export const list = (values) => values.map((value) => value.toFixed(0)).join(' ');
export const median = (values) => percentile(values, 50);

/** By nearest rank, so that it is one of the values. */
export function percentile(values, percent) {
  if (values.length === 0) throw new Error('nothing was measured');
  const rank = Math.ceil((values.length * percent) / 100);
  return values.toSorted((one, other) => one - other)[Math.max(0, rank - 1)];
}
