import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface RuleRow {
  readonly number: number;
  readonly heldBy: string;
  readonly files: readonly string[];
}

const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`((?:src|test)\/[\w./-]+)`/g)].map(([, path]) => path as string);

const rows: readonly RuleRow[] = [...read('docs/rules.md').matchAll(/^\| (\d+) \| .*? \| (.*) \| (.*) \|$/gm)].map(
  ([, number, heldBy = '', tests = '']) => ({ number: Number(number), heldBy, files: pathsIn(tests) }),
);

/** Numbers of the rules that names of tests in a file cite: `rule 7`, `rules 5 and 6`. */
const rulesNamedIn = (file: string): Set<number> => {
  const names = [...read(file).matchAll(/\b(?:test|describe)(?:\.each\([\s\S]*?\))?\(\s*(['`"])((?:(?!\1).)*)\1/g)];
  const cited = names.flatMap(([, , name = '']) => [...name.matchAll(/\brules? (\d+(?:(?:, | and )\d+)*)/g)]);
  return new Set(cited.flatMap(([, numbers = '']) => numbers.split(/, | and /).map(Number)));
};

test('the page has each rule once', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 42 }, (_, index) => index + 1));
});

test('each rule has a test that names it, in every file that the page says, or a reason why it has none yet', () => {
  const wrong = rows.flatMap(({ number, heldBy, files }) => {
    if (files.length === 0) return heldBy.startsWith('not yet: ') ? [] : [`rule ${number} has neither test nor reason`];
    return files
      .filter((file) => !rulesNamedIn(file).has(number))
      .map((file) => `rule ${number} is named by no test in ${file}`);
  });
  expect(wrong).toEqual([]);
});

test('each test that names a rule is on the page', () => {
  const files = globSync('test/**/*.ts', { cwd: ROOT }).filter((file) => file !== 'test/rules.test.ts');
  const missing = files.flatMap((file) =>
    [...rulesNamedIn(file)]
      .filter((number) => !rows.some((row) => row.number === number && row.files.includes(file)))
      .map((number) => `${file} names rule ${number}`),
  );
  expect(missing).toEqual([]);
});

test('the page names code that exists', () => {
  const missing = rows.flatMap(({ heldBy }) =>
    [...heldBy.matchAll(/(?:((?:`\w+`(?:, | and )?)+) in )?`(src\/[\w./-]+)`/g)].flatMap(
      ([, names = '', path = '']) => {
        const text = read(path);
        return [...names.matchAll(/`(\w+)`/g)]
          .filter(([, name]) => !text.includes(name as string))
          .map(([, name]) => `${path} ${name}`);
      },
    ),
  );
  expect(missing).toEqual([]);
});
