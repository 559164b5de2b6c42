// What this browser keeps of a log. All of it is public; what counts is that nobody swaps it.
import { useState } from 'preact/hooks';
import type { LogEnd } from './verify.js';

const KEYS = 'console-vkeys';
const ENDS = 'console-verified';

/** Where the last check of a log ended, and when that was. */
export interface KeptEnd extends LogEnd {
  /** RFC 3339. */
  readonly at: string;
}

/** The vkeys that the person trusts. */
export function useKeptKeys(): [string, (vkeys: string) => void] {
  const [vkeys, setVkeys] = useState(() => localStorage.getItem(KEYS) ?? '');
  const keep = (value: string): void => {
    localStorage.setItem(KEYS, value);
    setVkeys(value);
  };
  return [vkeys, keep];
}

/** Where the last check of each log ended, by the log's origin. `undefined` forgets one. */
export function useKeptEnds(): [
  Readonly<Record<string, KeptEnd>>,
  (origin: string, end: KeptEnd | undefined) => void,
] {
  const [ends, setEnds] = useState(readEnds);
  const keep = (origin: string, end: KeptEnd | undefined): void => {
    // Another tab may have kept something meanwhile.
    const { [origin]: _, ...others } = readEnds();
    const next = end === undefined ? others : { ...others, [origin]: end };
    localStorage.setItem(ENDS, JSON.stringify(next));
    setEnds(next);
  };
  return [ends, keep];
}

/** Whatever somebody did to it: verification finds out. */
function readEnds(): Record<string, KeptEnd> {
  try {
    return { ...(JSON.parse(localStorage.getItem(ENDS) ?? '{}') as Record<string, KeptEnd>) };
  } catch {
    return {};
  }
}
