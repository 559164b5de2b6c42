// What a gateway rule does: fastify with @fastify/http-proxy, one header replaced.
import process from 'node:process';
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';

const { BILLING_URL, BILLING_TOKEN } = process.env;
const app = fastify({ keepAliveTimeout: 3_600_000 });
await app.register(proxy, {
  upstream: BILLING_URL,
  replyOptions: {
    rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization: `Bearer ${BILLING_TOKEN}` }),
  },
});
const url = await app.listen({ port: 0, host: '127.0.0.1' });
console.log(`listening on ${url}`);
