import { SystemClock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { readTraceContext } from './trace-context.js';

const ids = new Ids(new SystemClock());
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const traceOf = (header: unknown): string => readTraceContext(header, ids).traceId;

it.each([
  `00-${TRACE}-${PARENT}-01`,
  `01-${TRACE}-${PARENT}-00`,
  `cc-${TRACE}-${PARENT}-01-what-the-future-brings`,
])('continues the trace of %s', (header) => {
  expect(traceOf(header)).toBe(TRACE);
});

it.each([
  `00-${TRACE}-${PARENT}-01-extra`,
  `00-${TRACE}-${PARENT}-01-`,
  `00-${TRACE}-${PARENT}-01.`,
  `00-${TRACE}-${PARENT}-011`,
  `01-${TRACE}-${PARENT}-01.x`,
  `ff-${TRACE}-${PARENT}-01`,
  `00-${TRACE.toUpperCase()}-${PARENT}-01`,
  `00-${'0'.repeat(32)}-${PARENT}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE}-${PARENT}`,
  `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
])('begins a trace of its own: %s', (header) => {
  expect(traceOf(header)).toMatch(/^[0-9a-f]{32}$/);
  expect(traceOf(header)).not.toBe(TRACE);
});
