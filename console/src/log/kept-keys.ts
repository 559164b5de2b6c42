import { useState } from 'preact/hooks';

const NAME = 'console-vkeys';

/** The vkeys that the person trusts, kept in this browser. They are public; what counts is that nobody swaps them. */
export function useKeptKeys(): [string, (vkeys: string) => void] {
  const [vkeys, setVkeys] = useState(() => localStorage.getItem(NAME) ?? '');
  const keep = (value: string): void => {
    localStorage.setItem(NAME, value);
    setVkeys(value);
  };
  return [vkeys, keep];
}
