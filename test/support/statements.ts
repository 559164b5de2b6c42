import pg from 'pg';

/** A statement as the service sends it to PostgreSQL. */
export interface Sent {
  /** By which a connection knows it again. */
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

/** Statements about `what` that services in this process send meanwhile, by their texts. */
export async function statementsOf(work: () => Promise<unknown>, what = /./): Promise<Map<string, Sent>> {
  const seen = new Map<string, Sent>();
  const query = jest.spyOn(pg.Client.prototype, 'query');
  await work();
  for (const [statement] of query.mock.calls as unknown[][]) {
    if (typeof statement !== 'object' || statement === null || !('text' in statement)) continue;
    const sent = statement as Sent;
    if (what.test(sent.text)) seen.set(sent.text, sent);
  }
  query.mockRestore();
  return seen;
}
