import type { Socket } from 'node:net';

/** Milliseconds and bytes for which a client may go on sending what nobody reads any more. */
const PATIENCE_MS = 5_000;
const PATIENCE_BYTES = 16 * 1024 * 1024;

/**
 * Ends a connection behind its last answer (RFC 9112, section 9.6): our side at once, the other when the client has
 * read the answer. Closing with bytes unread makes the kernel send a reset, and a client that is still writing its
 * body would get a broken pipe in place of the answer. What still comes is counted and thrown away: it is no request.
 */
export function lingeringClose(socket: Socket): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS).unref();
  socket.once('close', () => {
    clearTimeout(timer);
  });
  socket.end();
  if (socket.isPaused()) {
    // Only Node's own listener starts a connection again that it reads for the parser; it comes before this one.
    socket.once('resume', () => {
      throwAway(socket);
    });
    socket.resume();
  } else {
    throwAway(socket);
  }
}

/** Takes the connection from the parser. */
function throwAway(socket: Socket): void {
  const limit = socket.bytesRead + PATIENCE_BYTES;
  socket.removeAllListeners('data');
  socket.on('data', () => {
    if (socket.bytesRead > limit) socket.destroy();
  });
}
