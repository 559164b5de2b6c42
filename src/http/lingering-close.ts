import type { Socket } from 'node:net';

/** For how many milliseconds, and how many bytes, a client may still send. */
interface Patience {
  readonly ms: number;
  readonly bytes: number;
}

const PATIENCE: Patience = { ms: 5_000, bytes: 16 * 1024 * 1024 };

/**
 * Ends a connection after its last answer (RFC 9112, section 9.6): our side at once, the other side when the client
 * has read the answer. If bytes are unread at a close, the kernel sends a reset, and a client that is still writing
 * its body gets a broken pipe instead of the answer. Later bytes are counted and discarded: they are not a request.
 */
export function lingeringClose(socket: Socket, patience = PATIENCE): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), patience.ms).unref();
  socket.once('close', () => {
    clearTimeout(timer);
  });
  socket.end();
  if (socket.isPaused()) {
    // Only Node's own listener resumes a connection that it reads for the parser; this listener comes before it.
    socket.once('resume', () => {
      throwAway(socket, patience.bytes);
    });
    socket.resume();
  } else {
    throwAway(socket, patience.bytes);
  }
}

/** Detaches the connection from the parser. */
function throwAway(socket: Socket, bytes: number): void {
  const limit = socket.bytesRead + bytes;
  socket.removeAllListeners('data');
  socket.on('data', () => {
    if (socket.bytesRead > limit) socket.destroy();
  });
}
