import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Service {
  readonly provider: { readonly timeout: number };
  readonly functions: Readonly<Record<string, { readonly timeout?: number }>>;
}

/** How long each function of `serverless.yml` may take, in seconds, by the name that it has behind `prefix`. */
export const functionTimeouts = (file: string, prefix: string): ReadonlyMap<string, number> => {
  const { provider, functions }: Service = parse(readFileSync(file, 'utf8'), { merge: true });
  return new Map(
    Object.entries(functions).map(([name, { timeout = provider.timeout }]) => [`${prefix}${name}`, timeout]),
  );
};
