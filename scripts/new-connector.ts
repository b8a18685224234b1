/**
 * Scaffolds a connector type that works, in this tree: its declaration, its suites, a page, and its line in the catalogue.
 * Use: `npm run new-connector -- sink|source NAME`; `--root FOLDER` for another tree.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

type Kind = 'sink' | 'source';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const TEMPLATES = fileURLToPath(new URL('./new-connector/', import.meta.url));
const CATALOGUE = 'src/connectors/catalogue.ts';
const USE = 'npm run new-connector -- sink|source NAME, where NAME is like my-store';

/** What is written: path from the root by template. */
const filesOf = (kind: Kind, name: string): Readonly<Record<string, string>> => ({
  [`${kind}.ts.txt`]: `src/connectors/${name}/${kind}.ts`,
  [`${kind}.test.ts.txt`]: `test/connectors/${name}-${kind}.test.ts`,
  [`${kind}.faults.test.ts.txt`]: `test/e2e/delivery-${name}-${kind}.embedded.test.ts`,
  'docs.md.txt': `docs/connectors/${name}-${kind}.md`,
});

const camelOf = (name: string): string => name.replaceAll(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());
const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const filled = (template: string, kind: Kind, name: string): string =>
  template
    .replaceAll('__KIND__', kind.toUpperCase())
    .replaceAll('__kind__', kind)
    .replaceAll('__camel__', camelOf(name))
    .replaceAll('__Camel__', capitalised(camelOf(name)))
    .replaceAll('__Title__', capitalised(name.replaceAll(/[-_]/g, ' ')))
    .replaceAll('__name__', name);

/** The catalogue with the type in it: sinks are its first list, sources its second. */
const withType = (catalogue: string, kind: Kind, name: string): string => {
  const type = `${camelOf(name)}${capitalised(kind)}`;
  const lists = catalogue.indexOf('catalogueOf(\n');
  const at = [...catalogue.matchAll(/^ {2}\[/gm)].map(({ index }) => index).filter((index) => index > lists);
  const start = at[kind === 'sink' ? 0 : 1];
  const imports = catalogue.indexOf('import {');
  if (lists < 0 || start === undefined) throw new Error(`${CATALOGUE} has no lists of types to add ${type} to`);
  const listed = `${catalogue.slice(0, start + 3)}${type}, ${catalogue.slice(start + 3)}`;
  return `${listed.slice(0, imports)}import { ${type} } from './${name}/${kind}.ts';\n${listed.slice(imports)}`;
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Writes the files of a new type into a tree, and answers with their paths. Throws when one of them is there. */
const scaffold = async (kind: Kind, name: string, root: string): Promise<string[]> => {
  const files = Object.entries(filesOf(kind, name));
  for (const [, path] of files) if (await exists(join(root, path))) throw new Error(`${path} is there already`);
  const catalogue = withType(await readFile(join(root, CATALOGUE), 'utf8'), kind, name);
  for (const [template, path] of files) {
    const text = filled(await readFile(join(TEMPLATES, template), 'utf8'), kind, name);
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await writeFile(join(root, CATALOGUE), catalogue);
  return [...files.map(([, path]) => path), CATALOGUE];
};

/** Names have other lengths than the placeholders: lines and imports are put in order. */
const format = async (root: string, paths: readonly string[]): Promise<void> => {
  const biome = join(HERE, 'node_modules/.bin/biome');
  const code = paths.filter((path) => path.endsWith('.ts'));
  await promisify(execFile)(biome, ['check', '--write', '--vcs-enabled=false', ...code], { cwd: root });
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({ options: { root: { type: 'string' } }, allowPositionals: true });
  const [kind, name = ''] = positionals;
  if ((kind !== 'sink' && kind !== 'source') || !/^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/.test(name)) throw new Error(USE);
  const root = values.root ?? HERE;
  const paths = await scaffold(kind, name, root);
  await format(root, paths);
  await promisify(execFile)(process.execPath, ['scripts/generate-docs.ts'], { cwd: root });
  process.stdout.write(`${paths.join('\n')}\nIt works as it is: npm test -- ${name}\n`);
};

await main().catch((error: Error) => {
  process.stderr.write(`new-connector: ${error.message}\n`);
  process.exitCode = 1;
});
