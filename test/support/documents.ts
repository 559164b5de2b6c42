import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a document. */
export interface Block {
  readonly file: string;
  /** Of its first fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** What stands behind the language: `not-run: …`, `file=…`, `printed`. */
  readonly info: string;
  readonly text: string;
}

/** What people read: the README, SECURITY.md, everything in docs/ but the decisions, the client's README. */
export const DOCUMENTS: readonly string[] = [
  'README.md',
  'SECURITY.md',
  'client/README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.startsWith('adr'))
    .map((file) => join('docs', file))
    .sort(),
];

const FENCED = /^( *)```(\w*) *([^\n]*)\n([^]*?)^ *```$/gm;

export function blocksOf(file: string): Block[] {
  const document = readFileSync(file, 'utf8');
  return [...document.matchAll(FENCED)].map((found) => {
    const [, indent = '', language = '', info = '', text = ''] = found;
    const line = document.slice(0, found.index).split('\n').length;
    return { file, line, language, info, text: text.replace(new RegExp(`^${indent}`, 'gm'), '') };
  });
}

/** The block behind this one, if it says what this one prints. */
export function printedBy(block: Block): string | undefined {
  const blocks = blocksOf(block.file);
  const next = blocks[blocks.findIndex(({ line }) => line === block.line) + 1];
  return next?.info === 'printed' ? next.text : undefined;
}

/** The addresses of a sandbox with its usual ports, and with those of docs/operating-tenants.md. */
export function withAddresses(
  text: string,
  addresses: { bff: string; billing: string; idp: string },
): string {
  return text
    .replaceAll(/http:\/\/127\.0\.0\.1:3[04]00/g, addresses.bff)
    .replaceAll(/http:\/\/127\.0\.0\.1:3[04]01/g, addresses.billing)
    .replaceAll(/http:\/\/127\.0\.0\.1:3[04]02/g, addresses.idp);
}
