import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf, messageOf, SandboxFault } from './fault.js';

/** The files in the sandbox's data folder. */
export interface DataFolder {
  readonly path: string;
  /** `TENANTS_FILE` of the BFF: the tenants and their billing tokens. */
  readonly tenants: string;
  /** `npm run try` finds the running sandbox by it. It is removed by a clean stop. */
  readonly running: string;
  /** The state of the billing API's stand-in. */
  readonly billing: string;
  /** The identity provider's private signing key. */
  readonly signingKey: string;
  /** `DATA_DIR` of the BFF. */
  readonly bff: string;
}

export function dataFolder(folder: string): DataFolder {
  return {
    path: folder,
    tenants: path.join(folder, 'tenants.json'),
    running: path.join(folder, 'sandbox.json'),
    billing: path.join(folder, 'billing.json'),
    signingKey: path.join(folder, 'identity-provider-key.json'),
    bff: path.join(folder, 'bff'),
  };
}

/** Creates the folder for its owner only: it contains tokens and a private key. */
export function makeDataFolder(folder: DataFolder): void {
  try {
    mkdirSync(folder.bff, { recursive: true, mode: 0o700 });
    chmodSync(folder.path, 0o700);
  } catch (error) {
    throw new SandboxFault(
      `The data folder ${folder.path} cannot be used (${messageOf(error)}); choose another with SANDBOX_DATA_DIR.`,
    );
  }
}

/** Writes JSON that only the owner can read, completely or not at all: a reader never gets half of a file. */
export function writePrivately(file: string, value: unknown): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** The JSON of a file, or `undefined` if the file does not exist. */
export function readJson(file: string): unknown {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new SandboxFault(`${file} cannot be read: ${messageOf(error)}.`);
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new SandboxFault(`${file} is not JSON (${messageOf(error)}); delete it to start afresh.`);
  }
}
