import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOOR = fileURLToPath(new URL('./connector-door.ts', import.meta.url));

/** Names or paths of a comma-separated list. */
export const packageNames = (list: string | undefined): string[] =>
  (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/**
 * A plugin of esbuild that gives the catalogue these packages of connector types: npm names, or paths from the project's root. They and the product share one
 * `pulsar-io-serverless/connector`, so that an error is an error of ours on both sides. A package that cannot be found fails the build, by esbuild's own message.
 */
export const connectorPackages = (names: readonly string[]): Plugin => ({
  name: 'connector-packages',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^pulsar-io-serverless\/connector$/ }, () => ({ path: DOOR }));
    if (names.length === 0) return;
    onLoad({ filter: /[\\/]src[\\/]connectors[\\/]packages\.ts$/ }, () => {
      const imports = names.map((name, index) => `import p${index} from ${JSON.stringify(name)};`);
      const contents = `${imports.join('\n')}\nexport const packages = [${names.map((_, index) => `p${index}`).join(', ')}];\n`;
      return { contents, loader: 'ts', resolveDir: ROOT };
    });
  },
});
