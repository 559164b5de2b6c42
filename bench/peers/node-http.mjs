// The least that a proxy can do: node:http in front, undici behind, the body buffered, one header replaced.
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import process from 'node:process';
import { Agent } from 'undici';

const { BILLING_URL, BILLING_TOKEN } = process.env;
const agent = new Agent({ pipelining: 1 });

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${BILLING_TOKEN}` };
    const answer = [];
    agent.dispatch(
      {
        origin: BILLING_URL,
        path: request.url,
        method: request.method,
        headers,
        body: Buffer.concat(chunks),
      },
      {
        onRequestStart() {},
        onResponseStart(_controller, status) {
          response.statusCode = status;
        },
        onResponseData: (_controller, chunk) => void answer.push(chunk),
        onResponseEnd() {
          response.setHeader('content-type', 'application/json');
          response.end(Buffer.concat(answer));
        },
        onResponseError() {
          response.statusCode = 502;
          response.end();
        },
      },
    );
  });
});
server.keepAliveTimeout = 3_600_000;
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
