import { isRecord } from './shape.js';

/** A failure with a message for the person at the terminal: one clear line, no stack trace. */
export class SandboxFault extends Error {}

// By shape and not by `instanceof`: under jest, errors of Node itself come from another realm.

export function messageOf(error: unknown): string {
  return isRecord(error) && typeof error.message === 'string' ? error.message : String(error);
}

/** The system's code (`ENOENT`, `EADDRINUSE`, …), if there is one. */
export function codeOf(error: unknown): string | undefined {
  return isRecord(error) && typeof error.code === 'string' ? error.code : undefined;
}
