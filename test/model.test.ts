import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { MODEL_CASES } from '../models/cases.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Names that a model tests for with `#ifdef` and `#ifndef`, without those that it defines itself. */
const switchesOf = (model: string): string[] => {
  const text = read(`models/${model}.pml`);
  const defined = new Set([...text.matchAll(/#define (\w+)/g)].map(([, name]) => name));
  return [...new Set([...text.matchAll(/#ifn?def (\w+)/g)].map(([, name]) => name as string))].filter(
    (name) => !defined.has(name),
  );
};

test('every switch of a model is a case that must fail, or is covered by another that must', () => {
  const models = globSync('models/*.pml', { cwd: ROOT }).map((path) => path.replace(/^models\/|\.pml$/g, ''));
  expect(models.sort()).toEqual(['lease', 'sink', 'source']);
  const uncovered = models.flatMap((model) =>
    switchesOf(model)
      .filter(
        (name) =>
          !MODEL_CASES.some(
            (one) =>
              one.model === model &&
              (one.defines.includes(name) ||
                (one.defects.includes(name) && (one.expected !== 'holds' || one.because !== undefined))),
          ),
      )
      .map((name) => `${model} ${name}`),
  );
  expect(uncovered).toEqual([]);
});

test('the page names code that exists', () => {
  const page = read('docs/model.md');
  const rows = [...page.matchAll(/(?:((?:`\w+`(?:, | and )?)+) in )?`((?:src|models|test)\/[\w./-]+)`/g)];
  expect(rows.length).toBeGreaterThan(25);
  const missing = rows.flatMap(([, names = '', path = '']) => {
    if (globSync(path, { cwd: ROOT }).length === 0) return [path];
    if (path.endsWith('/')) return [];
    const text = read(path);
    return [...names.matchAll(/`(\w+)`/g)]
      .filter(([, name]) => !text.includes(name as string))
      .map(([, name]) => `${path} ${name}`);
  });
  expect(missing).toEqual([]);
});
