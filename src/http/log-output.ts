import type { Writable } from 'node:stream';
import type { DestinationStream } from 'pino';

/** Bytes of lines that may wait for whoever reads the output. */
const MAX_WAITING = 1024 * 1024;

/**
 * Where log lines go. A line is written at once where the output takes it; what it does not take waits in memory, and
 * what does not fit there is dropped, line by line, and counted: an output that nobody reads, or that is closed, never
 * holds up the service or its exit. Not pino's own destination: written from Node's threads, a pipe that nobody reads
 * would keep one of them, and the process, for ever.
 */
export class LogOutput implements DestinationStream {
  /** Lines that nobody will see. */
  dropped = 0;
  private closed = false;

  /**
   * @param stream Node's `stdout`: its pipes and sockets take what they can and never block
   * @param flushTimeout milliseconds that an exit waits for lines to be read
   */
  constructor(
    private readonly stream: Writable,
    private readonly flushTimeout = 1_000,
  ) {
    // Without a listener the end of a pipe would be the end of the process.
    stream.on('error', () => {
      this.closed = true;
    });
  }

  write(line: string): void {
    if (this.closed || this.stream.writableLength + line.length > MAX_WAITING) this.dropped += 1;
    else this.stream.write(line);
  }

  /** Resolves when all that waited was taken, or after the time-out. */
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
