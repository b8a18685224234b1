import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');

/** What each folder may import, besides itself and packages: the one direction of CONTRIBUTING rule 2. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/delivery': ['src/core'],
  'src/runtime': ['src/core', 'src/delivery'],
  'src/dispatcher': ['src/core'],
  'src/control-plane': ['src/core', 'src/delivery'],
  'src/stores': ['src/core'],
  'src/secrets': ['src/core'],
  'src/connectors': ['src/core'],
  'src/pulsar': ['src/core'],
  'src/cli': ['src/core'],
  'src/emulator': ['src/core', 'src/pulsar'],
  handlers: [
    'src/core',
    'src/delivery',
    'src/runtime',
    'src/dispatcher',
    'src/control-plane',
    'src/stores',
    'src/secrets',
    'src/connectors',
    'src/pulsar',
  ],
};

const areaOf = (path: string): string =>
  path
    .split('/')
    .slice(0, path.startsWith('src/') ? 2 : 1)
    .join('/');

const importsOf = (file: string): string[] =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(([, target = '']) =>
    relative(ROOT, join(ROOT, dirname(file), target)),
  );

test('imports point one way between the folders', () => {
  const files = globSync('{src,handlers}/**/*.ts', { cwd: ROOT });
  const wrong = files.flatMap((file) => {
    const area = areaOf(file);
    return importsOf(file)
      .map(areaOf)
      .filter((target) => target !== area && !(MAY_IMPORT[area] ?? []).includes(target))
      .map((target) => `${file} imports ${target}`);
  });
  expect(files.length).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
});

test('every module with exports begins its exports with docstrings', () => {
  const files = globSync('{src,handlers}/**/*.ts', { cwd: ROOT });
  const bare = files.flatMap((file) => {
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
    return lines.flatMap((line, index) =>
      /^export (?!type \{|\{|\*)(async )?(abstract )?(const|function|class|interface|type) /.test(line) &&
      !/\*\/\s*$/.test(lines[index - 1] ?? '')
        ? [`${file}:${index + 1}`]
        : [],
    );
  });
  expect(bare).toEqual([]);
});
