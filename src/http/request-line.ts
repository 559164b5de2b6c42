/** Maximum turns of the event loop for which new connections may delay pipelined requests. */
const MAX_HELD = 16;

/** Something to begin: it calls the next of its connection itself. */
export type Turn = () => void;

/** Requests of all connections that wait for a turn. One of them begins in each turn of the event loop. */
export class RequestLine {
  /** Of each connection whose next request is ready, all that wait. */
  private readonly line: Turn[][] = [];
  /**
   * Whether a new connection was accepted since the last turn, and for how many turns the line has waited for new
   * connections.
   */
  private accepted = false;
  private held = 0;

  /** @param turns of one connection; the first is begun. It is empty by then if the connection has ended. */
  join(turns: Turn[]): void {
    this.line.push(turns);
    if (this.line.length === 1) setImmediate(this.callNext);
  }

  /** New connections come first: Node accepts one of them in each turn of the event loop. */
  giveWay(): void {
    this.accepted = true;
  }

  private readonly callNext = (): void => {
    const comesFirst = this.accepted && this.held < MAX_HELD;
    this.accepted = false;
    this.held = comesFirst ? this.held + 1 : 0;
    if (!comesFirst) this.line.shift()?.shift()?.();
    if (this.line.length > 0) setImmediate(this.callNext);
  };
}
