/** CPU of the worst bodies that 64 KiB hold: parsed, checked, and their problem written. None may cost 30 ms. */
import 'reflect-metadata';
import { Buffer } from 'node:buffer';
import process from 'node:process';
import { readPatch } from '../dist/customers/patch-body.pipe.js';
import { print } from './report.mjs';

const LIMIT = 64 * 1024;
const MAX_MS = 30;
const RUNS = 50;

/** As often as it fits. */
const fill = (before, item, after) =>
  before +
  Array(Math.floor((LIMIT - before.length - after.length) / (item.length + 1)))
    .fill(item)
    .join(',') +
  after;
const numbered = (before, item, after) => {
  const items = [];
  for (let size = before.length + after.length; size < LIMIT - 32; size += items.at(-1).length + 1)
    items.push(item(items.length));
  return before + items.join(',') + after;
};
const long = (field, unit) =>
  JSON.stringify({ [field]: unit.repeat(Math.floor((LIMIT - 64) / Buffer.byteLength(unit))) });
const tax = (members) => `{"name":"a","tax_code":"b","rate":"1"${members}}`;
const TAXES = 50;

const BODIES = {
  'empty taxes': fill('{"custom_taxes":[', '{}', ']}'),
  'null e-mail addresses': fill('{"invoicing_emails":[', '0', ']}'),
  'unknown fields': numbered('{', (index) => `"k${index}":0`, '}'),
  'unknown fields of an address': numbered('{"billing_address":{', (index) => `"k${index}":0`, '}}'),
  'unknown fields of 50 taxes': `{"custom_taxes":[${Array.from({ length: TAXES }, (_, t) =>
    tax(Array.from({ length: 100 }, (_, index) => `,"${t}_${index}":0`).join('')),
  ).join(',')}]}`,
  '__proto__ in every item': fill('{"custom_taxes":[', '{"__proto__":{"a":1}}', ']}'),
  'one long unknown key': `{"${'税'.repeat(21_000)}":0}`,
  'lists in lists': `{"name":${'['.repeat(32_000)}${']'.repeat(32_000)}}`,
  'a long name': long('name', 'a'),
  'a long phone': long('phone', '1 '),
  'a long VAT number': long('vat_number', 'A-'),
  'a long e-mail address': long('billing_email', 'a.'),
  'a long rate': `{"custom_taxes":[{"name":"a","tax_code":"b","rate":"${'9'.repeat(65_000)}"}]}`,
  '100 odd e-mail addresses': JSON.stringify({
    invoicing_emails: Array(100).fill(`"${'a.'.repeat(120)}"@a.test`),
  }),
  'a good one that is full': JSON.stringify({
    invoicing_emails: Array(100).fill(`${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.test`),
    custom_taxes: Array(TAXES).fill({
      name: 'n'.repeat(255),
      tax_code: 'c'.repeat(255),
      rate: `0.${'1'.repeat(27)}`,
    }),
  }),
};

function answerTo(text) {
  try {
    readPatch(JSON.parse(text), undefined);
    return '';
  } catch (problem) {
    return JSON.stringify(problem.toBody('request-1'));
  }
}

let slow = 0;
const rows = [['body', 'KiB', 'CPU, ms', 'answer, KiB']];
for (const [what, text] of Object.entries(BODIES)) {
  for (let run = 0; run < 5; run += 1) answerTo(text);
  const before = process.cpuUsage();
  let answer = '';
  for (let run = 0; run < RUNS; run += 1) answer = answerTo(text);
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1_000 / RUNS;
  if (ms > MAX_MS) slow += 1;
  const kib = (length) => (length / 1024).toFixed(1);
  rows.push([what, kib(Buffer.byteLength(text)), ms.toFixed(2), kib(answer.length)]);
}
print(rows);
process.exitCode = slow === 0 ? 0 : 1;
