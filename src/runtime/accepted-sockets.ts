import { Socket } from 'node:net';

/** V8 begins to note what a function meets after a few calls. */
const CALLS = 100;

/**
 * Makes accepted connections cheaper on Node.js 20. Its `Socket` copies the options it is given and adds members, and V8 of
 * that version then makes three hidden classes for each connection, which are garbage at once. Options without a
 * prototype can't be copied the quick way: once it has met them, V8 copies all options member by member
 * (docs/adr/0053-objects-of-known-shape.md).
 */
export function cheapenAcceptedSockets(): void {
  if (!process.versions.node.startsWith('20.')) return;
  const options = { __proto__: null, allowHalfOpen: true };
  for (let call = 0; call < CALLS; call += 1) new Socket(options);
}
