// `npm run example`: the form of this folder on an origin of its own, for the running sandbox.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import { rolldown } from 'rolldown';

const folder = fileURLToPath(new URL('.', import.meta.url));

const {
  EXAMPLE_PORT = '5173',
  BFF_URL = 'http://127.0.0.1:3000',
  ISSUER = 'http://127.0.0.1:3002',
} = process.env;

const bundle = await rolldown({ input: `${folder}form.ts`, platform: 'browser' });
const { output } = await bundle.generate({ format: 'esm' });
await bundle.close();
const files = new Map([
  ['/', ['text/html; charset=utf-8', await readFile(`${folder}index.html`)]],
  ['/form.js', ['text/javascript', output[0].code]],
  ['/settings.json', ['application/json', JSON.stringify({ bffUrl: BFF_URL, issuer: ISSUER })]],
]);
const server = createServer((request, response) => {
  const [type, content] = files.get(new URL(request.url ?? '/', 'http://localhost').pathname) ?? [];
  if (type === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(content);
});
server.listen(Number(EXAMPLE_PORT), 'localhost', () => {
  const { port } = server.address();
  console.log(`A form that patches customers of the sandbox: http://localhost:${port} (Ctrl-C stops it)`);
});
