// Joins dist/main.js, and dist/migrate.js, with all they import, packages included, into a few files: the two and dist/bundle/.
// Without it a start finds, reads and links 2,400 files one by one (docs/adr/0030-a-bundle-to-start.md). The other files
// in dist/ stay: tests and scripts import them.
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));

/**
 * What a module loads only when it is needed (`import('…')` of a package) stays a package: the embedded database, Swagger
 * UI's files, and what Nest loads only if an application has it.
 */
const loadedOnDemand = {
  name: 'loaded-on-demand',
  resolveId: (name, _importer, { kind }) =>
    kind === 'dynamic-import' && !name.startsWith('.') ? { id: name, external: true } : null,
};

// Apart from each other: in parts that both share, code would run before what it needs (reflect-metadata).
for (const input of ['migrate.js', 'main.js']) {
  const bundle = await rolldown({
    cwd: DIST,
    input,
    platform: 'node',
    plugins: [loadedOnDemand],
    // The build of class-validator from which decorators that nobody uses are left out, with their tables.
    resolve: { alias: { 'class-validator': 'class-validator/esm2015/index.js' } },
    // What only the OpenAPI document needs goes with it, into a file that is loaded where the document is served.
    treeshake: { moduleSideEffects: [{ test: /@nestjs\/swagger/, sideEffects: false }] },
  });
  await bundle.write({
    dir: '.',
    entryFileNames: '[name].js',
    // As deep as runtime/version.js, which reads package.json relative to itself.
    chunkFileNames: 'bundle/[name].js',
    // Nest and OpenAPI use the names of classes.
    keepNames: true,
    sourcemap: true,
  });
}

// The console, too, for browsers: one script beside its page and its style.
const ASSETS = new URL('../dist/console-assets/', import.meta.url);
const CONSOLE = new URL('../console/', import.meta.url);

const script = await rolldown({
  cwd: fileURLToPath(CONSOLE),
  input: 'src/main.tsx',
  platform: 'browser',
  tsconfig: 'tsconfig.json',
  resolve: {
    alias: { 'billing-bff-client': fileURLToPath(new URL('../client/src/client.ts', import.meta.url)) },
  },
});
await script.write({ dir: fileURLToPath(ASSETS), entryFileNames: 'console.js', minify: true });
await mkdir(ASSETS, { recursive: true });
for (const name of ['index.html', 'console.css'])
  await copyFile(new URL(name, CONSOLE), new URL(name, ASSETS));
