import type { Socket } from 'node:net';

/** Milliseconds and bytes that a client may still send; they are discarded. */
const PATIENCE_MS = 5_000;
const PATIENCE_BYTES = 16 * 1024 * 1024;

/**
 * Ends a connection after its last answer (RFC 9112, section 9.6): our side at once, the other side when the client
 * has read the answer. If bytes are unread at a close, the kernel sends a reset, and a client that is still writing
 * its body gets a broken pipe instead of the answer. Later bytes are counted and discarded: they are not a request.
 */
export function lingeringClose(socket: Socket): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS).unref();
  socket.once('close', () => {
    clearTimeout(timer);
  });
  socket.end();
  if (socket.isPaused()) {
    // Only Node's own listener resumes a connection that it reads for the parser; this listener comes before it.
    socket.once('resume', () => {
      throwAway(socket);
    });
    socket.resume();
  } else {
    throwAway(socket);
  }
}

/** Detaches the connection from the parser. */
function throwAway(socket: Socket): void {
  const limit = socket.bytesRead + PATIENCE_BYTES;
  socket.removeAllListeners('data');
  socket.on('data', () => {
    if (socket.bytesRead > limit) socket.destroy();
  });
}
