import type { Writable } from 'node:stream';
import type { DestinationStream } from 'pino';
import { readableLine } from './readable-line.js';

/** Bytes of lines that may wait for the reader of the output. */
const MAX_WAITING = 1024 * 1024;

/**
 * The destination of log lines. A line is written at once if the output accepts it. The rest waits in memory. If the
 * memory limit is reached, further lines are dropped and counted. So an output that nobody reads, or that is closed,
 * never blocks the service or its exit. pino's own destination is not used: it writes from Node's threads, and a pipe
 * that nobody reads would block one of them, and the process, for ever.
 */
export class LogOutput implements DestinationStream {
  /** Number of dropped lines. */
  dropped = 0;
  private closed = false;

  /**
   * @param stream Node's `stdout`: its pipes and sockets accept what they can and never block
   * @param readable whether a person reads it: lines of text instead of JSON
   * @param flushTimeout milliseconds that an exit waits until lines are read
   */
  constructor(
    private readonly stream: Writable,
    private readonly readable = false,
    private readonly flushTimeout = 1_000,
  ) {
    // Without a listener a closed pipe would end the process.
    stream.on('error', () => {
      this.closed = true;
    });
  }

  write(line: string): void {
    if (this.closed || this.stream.writableLength + line.length > MAX_WAITING) this.dropped += 1;
    else this.stream.write(this.readable ? readableLine(line) : line);
  }

  /** Resolves when all waiting lines are written, or after the time-out. */
  flushed(): Promise<void> {
    if (this.closed || this.stream.writableLength === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.flushTimeout);
      this.stream.write('', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
