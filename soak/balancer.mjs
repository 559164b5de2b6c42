// A balancer as platforms have them: it asks the instances in turn whose /health/ready is 200, and all of them if none
// is. A request whose connection was refused goes to the next one; of one that was sent it never sends a second.
import { Buffer } from 'node:buffer';
import { Agent, createServer, request as send } from 'node:http';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { request as get } from 'undici';
import { undoLater } from '../bench/harness.mjs';

/** Milliseconds between two looks, and for one. */
const LOOK_EVERY = 250;
const LOOK_WITHIN = 1_500;
/** Milliseconds that it keeps an idle connection: shorter than the service does. */
const KEEP_ALIVE = 60_000;
/** Marks an answer of its own: the request was lost with its instance, or there was none to ask. */
export const OWN_ANSWER = 'x-balancer';

/** @param instances by their number; an instance that starts again is another one */
export async function startBalancer(instances) {
  const agent = new Agent({ keepAlive: true, timeout: KEEP_ALIVE });
  const ready = new Set();
  let turn = 0;
  let over = false;

  async function look(number) {
    while (!over) {
      const instance = instances[number];
      const isReady = instance !== undefined && (await answersReady(instance.url));
      if (isReady && instances[number] === instance) ready.add(instance);
      else ready.delete(instance);
      for (const gone of [...ready].filter((one) => !instances.includes(one))) ready.delete(gone);
      await sleep(LOOK_EVERY);
    }
  }

  function next(tried) {
    const running = instances.filter((one) => one !== undefined && !tried.includes(one));
    const preferred = running.filter((one) => ready.has(one));
    const choice = preferred.length > 0 ? preferred : running;
    return choice[(turn += 1) % Math.max(1, choice.length)];
  }

  function forward(request, response, body, tried = []) {
    const instance = next(tried);
    if (instance === undefined) return answerOwn(response, 'none');
    const { method, headers } = request;
    const sent = send(`${instance.url}${request.url}`, { method, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      pipeline(answer, response, () => undefined);
    });
    sent.on('error', (error) => {
      if (error.code === 'ECONNREFUSED') forward(request, response, body, [...tried, instance]);
      else if (response.headersSent) response.destroy();
      else answerOwn(response, 'lost');
    });
    response.on('close', () => {
      if (!response.writableFinished) sent.destroy();
    });
    sent.end(body);
  }

  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => forward(request, response, Buffer.concat(chunks)));
  });
  server.keepAliveTimeout = KEEP_ALIVE * 60;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (const number of instances.keys()) void look(number);
  undoLater(() => {
    over = true;
    server.closeAllConnections();
    server.close();
    agent.destroy();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, isReady: (instance) => ready.has(instance) };
}

function answerOwn(response, why) {
  response.writeHead(502, { [OWN_ANSWER]: why, 'content-length': 0 });
  response.end();
}

async function answersReady(url) {
  const time = { headersTimeout: LOOK_WITHIN, bodyTimeout: LOOK_WITHIN };
  try {
    const { statusCode, body } = await get(`${url}/health/ready`, time);
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
