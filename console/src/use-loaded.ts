import { useCallback, useEffect, useState } from 'preact/hooks';

/** Something that is being asked for. */
export type Loaded<Data> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'ready'; readonly data: Data };

/** Asks again whenever `inputs` change; an answer that came too late is dropped. `reload` asks once more. */
export function useLoaded<Data>(
  load: (signal: AbortSignal) => Promise<Data>,
  inputs: readonly unknown[],
): [Loaded<Data>, () => void] {
  const [loaded, setLoaded] = useState<Loaded<Data>>({ state: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const gone = new AbortController();
    setLoaded({ state: 'loading' });
    load(gone.signal).then(
      (data) => {
        if (!gone.signal.aborted) setLoaded({ state: 'ready', data });
      },
      (error: unknown) => {
        if (!gone.signal.aborted) setLoaded({ state: 'failed', message: messageOf(error) });
      },
    );
    return () => gone.abort();
  }, [...inputs, round]);
  return [loaded, useCallback(() => setRound((value) => value + 1), [])];
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
