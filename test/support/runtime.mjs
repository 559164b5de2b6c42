import { createRequire } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import Runtime from 'jest-runtime';

const load = createRequire(import.meta.url);
/** What both sides have to have in common: clocks that tests set, classes that are asked for, decorators' metadata. */
const SHARED = ['Date', 'Error', 'Reflect'];
const SOURCE = resolve('src');

/**
 * jest's runtime, except that Node itself loads the packages and, instead of the sources, the build: once for each
 * worker instead of once for each file (ADR 0029).
 */
export default class extends Runtime {
  constructor(config, environment, ...rest) {
    super(config, environment, ...rest);
    for (const name of SHARED) environment.global[name] = globalThis[name];
  }

  requireModuleOrMock(from, name) {
    if (/^(?!node:)[@a-z]/.test(name)) return load(fileURLToPath(import.meta.resolve(name)));
    const source = name.startsWith('.') ? relative(SOURCE, resolve(dirname(from), name)) : '..';
    return source.startsWith('..') ? super.requireModuleOrMock(from, name) : load(resolve('dist', source));
  }
}
