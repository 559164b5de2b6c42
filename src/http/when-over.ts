import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What is to run when a connection closes: one listener each, however many requests it has. */
const onClose = new WeakMap<Socket, Set<() => void>>();

/**
 * Runs `task` when the answer is out or its connection is gone. Of the requests that a caller pipelines Node starts
 * all at once, but tells only the first of them that the connection closed.
 */
export function whenOver(
  { raw: { socket } }: FastifyRequest,
  { raw: response }: FastifyReply,
  task: () => void,
): void {
  const tasks = onClose.get(socket) ?? new Set();
  if (!onClose.has(socket)) {
    onClose.set(socket, tasks);
    socket.once('close', () => {
      for (const each of tasks) each();
    });
  }
  tasks.add(task);
  response.once('close', () => {
    tasks.delete(task);
    task();
  });
}
