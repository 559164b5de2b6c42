// Writes the map of src/ into CONTRIBUTING.md: each folder with its purpose, the folders that it may use, and its files
// with the first sentence that each says of what it exports. With --check it only looks whether the map is up to date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import ts from 'typescript';

const PURPOSES = {
  config: 'one typed, frozen configuration; the only reader of `process.env`',
  runtime: 'what tests replace (time, identifiers), and what waits',
  http: 'problems, the exception filter, bodies and queries and their rules, log lines; knows no feature',
  openapi: 'what the OpenAPI document has beyond what Nest makes of decorators',
  auth: 'callers, their tokens, the guard, the limits of a caller',
  crypto: "encryption keys, the service's own keys, customers' keys",
  tenants: 'which tenants there are, and their tokens',
  'tenant-admin': 'how operators change tenants: their API, and TENANTS_FILE',
  metrics: 'what is counted',
  tracing:
    'spans by OpenTelemetry, loaded only where they are sent; everything else knows `runtime/tracing.ts`',
  billing:
    'the client of the billing API: transport, retries, breakers, bulkheads, and what its answers mean',
  customers: 'reads, lists and patches of customers; the story of a patch is `customers.service.ts`',
  privacy: 'what is forgotten of a customer on request',
  idempotency: '`Idempotency-Key`: claims, stored answers, replays',
  audit: 'events, their writer, masks, commitments, refusals, queries, exports, partitions',
  'audit-log': 'the Merkle logs of the trail: tiles, checkpoints, signing keys, witnesses, proofs',
  operations: 'how a patch ended, and the reconciler that finds it out',
  database: 'Kysely, migrations, the embedded database',
  pages: 'what people open in a browser: a page for each problem',
  console: 'the console: a page for people',
  health: 'probes and `/metrics`',
};

const root = fileURLToPath(new URL('..', import.meta.url));
const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const BEGIN = '<!-- map: written by `npm run map` -->';
const END = '<!-- end of map -->';

/** What a file says of the exported thing that it is named after, else of its class, or of what comes first. */
function sentenceOf(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const said = source.statements
    .filter((node) => ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export)
    .map((node) => ({ rank: rankOf(node, path), text: textOf(node) }))
    .filter(({ text }) => text !== '')
    .sort((one, other) => one.rank - other.rank);
  return /^.*?[.!?](?=\s|$)|^.*/.exec(said[0]?.text ?? '')?.[0];
}

function rankOf(node, path) {
  const name = lettersOf((node.declarationList?.declarations[0] ?? node).name?.getText() ?? '');
  const [stem, role = ''] = path.split('/').at(-1).split('.');
  const words = lettersOf(stem);
  if (name === words || name === words + role) return 0;
  if (name.includes(words) || words.includes(name)) return 1;
  const isError = node.heritageClauses?.some((clause) => clause.getText() === 'extends Error');
  return ts.isClassDeclaration(node) && !isError ? 2 : ts.isFunctionDeclaration(node) ? 3 : 4;
}

const lettersOf = (name) => name.toLowerCase().replace(/[^a-z]/g, '');

function textOf(node) {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return (ts.getTextOfJSDocComment(comment?.comment) ?? '').replace(/\s+/g, ' ').trim();
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(spec|module)\.ts$/.test(entry.name))
    .map(({ parentPath, name }) => `${parentPath}/${name}`)
    .sort()
    .map((path) => {
      const sentence = sentenceOf(path);
      return `- \`${path.slice(folder.length + 1)}\`${sentence ? `: ${sentence}` : ''}`;
    });
}

function usesOf(folder) {
  const rule = forbidden.find(({ name }) => name === `${folder}-uses-only`);
  if (rule === undefined) throw new Error(`.dependency-cruiser.cjs says nothing of src/${folder}/`);
  return `${rule.comment.replace(/^.*may use/, 'May use')}.`;
}

function mapOf() {
  const folders = readdirSync(`${root}src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const missing = folders.filter(({ name }) => !(name in PURPOSES)).map(({ name }) => name);
  const gone = Object.keys(PURPOSES).filter((name) => !folders.some((folder) => folder.name === name));
  if (missing.length + gone.length > 0)
    throw new Error(
      `PURPOSES in scripts/source-map.mjs lacks [${missing}], and has [${gone}], which src/ has not`,
    );
  return Object.entries(PURPOSES).map(([name, purpose]) =>
    [`### \`${name}/\`: ${purpose}`, usesOf(name), filesOf(`${root}src/${name}`).join('\n')].join('\n\n'),
  );
}

const target = `${root}CONTRIBUTING.md`;
const before = readFileSync(target, 'utf8');
const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
if (begin < 0 || end < begin) throw new Error(`CONTRIBUTING.md needs the lines ${BEGIN} and ${END}`);
const text = [before.slice(0, begin) + BEGIN, ...mapOf(), before.slice(end)].join('\n\n');
const after = await prettier.format(text, { ...(await prettier.resolveConfig(target)), parser: 'markdown' });
if (after !== before) {
  if (process.argv.includes('--check')) {
    console.error('The map in CONTRIBUTING.md is out of date: run `npm run map`.');
    process.exitCode = 1;
  } else writeFileSync(target, after);
}
