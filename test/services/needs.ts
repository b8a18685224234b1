import { glob, readFile } from 'node:fs/promises';
import { isServiceName, type ServiceName } from './registry.ts';

const call = /\bdescribeReal\(\s*(['"`])(?:(?!\1).)*\1\s*,\s*\[([^\]]*)\]/gs;
const literal = /['"]([^'"]+)['"]/g;

/** The services in the `describeReal(name, [...])` calls of a suite's text. Throws on a name that no service has. */
export const needsIn = (text: string, file: string): ServiceName[] =>
  [...text.matchAll(call)].flatMap(([, , list = '']) =>
    [...list.matchAll(literal)].map(([, name = '']) => {
      if (!isServiceName(name)) throw new Error(`${file} needs "${name}", which is not in test/services/registry.ts`);
      return name;
    }),
  );

/** The services that the suites in files like `patterns` (absolute globs) need, of those whose path `isChosen` accepts. */
export const neededServices = async (
  patterns: readonly string[],
  isChosen: (path: string) => boolean,
): Promise<ServiceName[]> => {
  const needs = new Set<ServiceName>();
  for await (const path of glob(patterns)) {
    if (!isChosen(path)) continue;
    for (const name of needsIn(await readFile(path, 'utf8'), path)) needs.add(name);
  }
  return [...needs];
};
