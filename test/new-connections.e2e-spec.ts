import { once } from 'node:events';
import { connect } from 'node:net';
import { Turns } from '../src/runtime/turns.js';
import { startBff, type TestBff } from './support/start-bff.js';

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff();
});
afterAll(() => bff.stop());

it('heavy work begins after the turn of the event loop in which a connection was accepted', async () => {
  const turns = bff.app.get(Turns);
  const begunInThatTurn = new Promise((resolve) => {
    bff.app.getHttpServer().once('connection', () => {
      let begun = false;
      void turns.take(() => {
        begun = true;
      });
      // Before it all that is due without another turn has been carried out.
      setImmediate(() => {
        resolve(begun);
      });
    });
  });
  const socket = connect(Number(new URL(bff.url).port), '127.0.0.1');
  await once(socket, 'connect');
  expect(await begunInThatTurn).toBe(false);
  socket.destroy();
});
