import { basename } from 'node:path';
import type { Plugin } from 'esbuild';
import { connectorPackages, packageNames } from './connector-packages.ts';

/** Drivers that are large, and the functions (files in `handlers/`) that open them. Others keep an `import()` that they never reach. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  'cassandra-driver': ['sink.ts'],
  pg: ['source.ts', 'sink.ts'],
  '@aws-sdk/client-dynamodb-streams': ['source.ts'],
  '@aws-sdk/client-kinesis': ['source.ts', 'sink.ts'],
  '@aws-sdk/client-s3': ['source.ts', 'sink.ts'],
  '@platformatic/kafka': ['source.ts', 'sink.ts'],
  amqplib: ['source.ts', 'sink.ts'],
  ioredis: ['sink.ts'],
  mongodb: ['sink.ts'],
  '@opensearch-project/opensearch': ['sink.ts'],
  '@aws-sdk/client-sqs': ['source.ts', 'sink.ts'],
};

const bundleDrivers: Plugin = {
  name: 'bundle-drivers',
  setup({ initialOptions: { entryPoints }, onResolve }) {
    const entries = Array.isArray(entryPoints) ? entryPoints.map((entry) => basename(String(entry))) : [];
    for (const [driver, users] of Object.entries(DRIVERS)) {
      if (entries.some((entry) => users.includes(entry))) continue;
      onResolve({ filter: new RegExp(`^${driver}$`) }, () => ({ path: driver, external: true }));
    }
  },
};

/** A part of the Kafka client reads a file beside itself, which a bundle does not have; it comes in a form that holds the file's content, too. */
export const inlineWasm: Plugin = {
  name: 'inline-wasm',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@platformatic\/wasm-utils$/ }, ({ path, kind, resolveDir }) =>
      resolve(`${path}/bundled`, { kind, resolveDir }),
    );
  },
};

/**
 * An import of `node:http` reads each of its exports, and that of `WebSocket` loads all of undici, which costs a cold start 15 ms; `require` reads what is used. `node:http2`
 * costs 7 ms: only the Kinesis client names it, for a default that the connectors replace (`src/connectors/kinesis/api.ts`).
 */
const spareHttp: Plugin = {
  name: 'spare-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'node:http', namespace: 'required' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }));
    onLoad({ filter: /[\\/]@smithy[\\/]node-http-handler[\\/]dist-es[\\/]node-http2-handler\.js$/ }, () => ({
      contents: "export { NodeHttpHandler as NodeHttp2Handler } from './node-http-handler';",
    }));
  },
};

/**
 * What is loaded by `import()` becomes a file of its own beside the function's: it is read when it is needed, and what nothing names is left out of it. serverless-esbuild puts
 * `handlers/NAME.*` into the package of NAME alone.
 */
const splitLazyParts: Plugin = {
  name: 'split-lazy-parts',
  setup({ initialOptions }) {
    const { entryPoints } = initialOptions;
    const [entry] = Array.isArray(entryPoints) ? entryPoints : [];
    initialOptions.splitting = true;
    initialOptions.chunkNames = `${basename(String(entry), '.ts')}.[hash]`;
  },
};

/** The part of the serverless framework that is looked at. */
interface Serverless {
  readonly service: { readonly custom?: { readonly connectorPackages?: string } };
}

/** Plugins of esbuild for `serverless package` and `serverless offline`; `serverless.yml` names this file. */
export default ({ service }: Serverless): Plugin[] => [
  bundleDrivers,
  inlineWasm,
  spareHttp,
  splitLazyParts,
  connectorPackages(packageNames(service.custom?.connectorPackages)),
];
