import { Writable } from 'node:stream';
import { LogOutput } from './log-output.js';

/** A pipe that is read only when a test says so. */
class Pipe extends Writable {
  readonly read: string[] = [];
  private taken: () => void = () => undefined;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.taken = () => {
      this.read.push(chunk.toString());
      done();
    };
  }

  readAll(): void {
    while (this.writableLength > 0) this.taken();
  }
}

const LINE = `${'x'.repeat(1023)}\n`;

it('keeps a mebibyte of lines for a reader who pauses, in order, and counts those that do not fit', async () => {
  const pipe = new Pipe();
  const output = new LogOutput(pipe);
  for (let i = 0; i < 1_030; i += 1) output.write(`${i} ${LINE}`.slice(-1024));
  expect(output.dropped).toBe(6);
  const flushed = output.flushed();
  pipe.readAll();
  await flushed;
  expect(pipe.read.join('')).toBe(LINE.repeat(1_024));
  output.write('after\n');
  pipe.readAll();
  expect(pipe.read.at(-1)).toBe('after\n');
  expect(output.dropped).toBe(6);
});

it('waits for its reader at an exit, but not for ever', async () => {
  const output = new LogOutput(new Pipe(), false, 10);
  output.write('a\n');
  await output.flushed();
});

it('survives a pipe that is closed, and counts what was for it', async () => {
  const pipe = new Pipe();
  const output = new LogOutput(pipe);
  pipe.destroy(new Error('EPIPE'));
  await new Promise((resolve) => pipe.once('close', resolve));
  output.write('a\n');
  output.write('b\n');
  await output.flushed();
  expect(output.dropped).toBe(2);
});

it('writes text for a person, whatever a line has', () => {
  const pipe = new Pipe();
  const output = new LogOutput(pipe, true);
  const line = { level: 30, time: '2026-11-26T08:09:10.111Z', service: 'billing-bff', tenant_id: null };
  output.write(
    `${JSON.stringify({ ...line, route: '/metrics', status: 200, causes: [{ code: 'E' }], msg: 'request' })}\n`,
  );
  pipe.readAll();
  expect(pipe.read.join('')).toMatch(
    /^\d\d:09:10 INFO {2}request route=\/metrics status=200 causes=\[{"code":"E"}\]\n$/,
  );
});
