/** Whether the process is shutting down: it finishes its requests and is not ready for new ones. */
export class Draining {
  begun = false;
}
