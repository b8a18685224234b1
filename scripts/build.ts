/**
 * Builds the package's `./pulsar` door: `pulsar.mjs` and `pulsar.cjs`, each self-contained and minified, and `pulsar.d.ts` with
 * the declarations in `types/`; and the command line `pulsar-io.mjs`. Use: `node scripts/build.ts [folder]`; the folder is `dist` by default.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, type Format } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOOR = join(ROOT, 'scripts/pulsar-door.ts');
/** The declarations are CommonJS to a compiler, so that both `import` and `require` may load them. */
const PACKAGE = '{ "type": "commonjs" }\n';
const DECLARATIONS = `export * from './types/scripts/pulsar-door.js';
export { default } from './types/scripts/pulsar-door.js';
`;

/** Bundled CommonJS packages ask for Node's own modules by `require`. */
const CLI_BANNER = `#!/usr/bin/env node
import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`;

const bundle = async (entry: string, format: Format, outfile: string, banner = ''): Promise<void> => {
  await build({
    entryPoints: [entry],
    outfile,
    banner: { js: banner },
    format,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    legalComments: 'none',
    external: ['avsc'],
    logLevel: 'warning',
  });
  process.stdout.write(`${outfile}: ${(await stat(outfile)).size} bytes\n`);
};

/** Compilers want `.js` where our modules say `.ts`. */
const withoutTs = (declarations: string): string => declarations.replace(/(['"])(\.{1,2}\/[^'"]+)\.ts\1/g, '$1$2.js$1');

const declare = async (folder: string): Promise<void> => {
  const types = join(folder, 'types');
  const project = join(folder, 'tsconfig.declarations.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: types,
    rootDir: ROOT,
    typeRoots: [join(ROOT, 'node_modules/@types')],
  };
  const files = [DOOR, join(ROOT, 'src/pulsar/protocol/snappyjs.d.ts')];
  await writeFile(
    project,
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, files, include: [] }),
  );
  await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project]);
  await rm(project);
  for (const name of await readdir(types, { recursive: true })) {
    const path = join(types, name);
    if (name.endsWith('.d.ts')) await writeFile(path, withoutTs(await readFile(path, 'utf8')));
  }
  await writeFile(join(folder, 'pulsar.d.ts'), DECLARATIONS);
};

const main = async (folder: string): Promise<void> => {
  await rm(join(folder, 'types'), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), PACKAGE);
  await Promise.all([
    bundle(DOOR, 'esm', join(folder, 'pulsar.mjs')),
    bundle(DOOR, 'cjs', join(folder, 'pulsar.cjs')),
    bundle(join(ROOT, 'scripts/pulsar-io.ts'), 'esm', join(folder, 'pulsar-io.mjs'), CLI_BANNER),
    declare(folder),
  ]);
};

await main(resolve(process.argv[2] ?? join(ROOT, 'dist')));
