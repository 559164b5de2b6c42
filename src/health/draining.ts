/** Whether the process is on its way out: then it answers what it has, and wants no more. */
export class Draining {
  begun = false;
}
