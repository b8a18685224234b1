import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { bundleAsDeployed, bundleSizes, deployedHandlers } from '../lambda/bundles.ts';
import { Sandbox } from '../lambda/sandbox.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const NODE = process.execPath;
const MAX_BYTES = 1_000_000;
const LIMIT_MS = 180_000;

/** Of Node itself, costly and needed by no start: what an import of all of `node:http` and of `node:http2` loads. */
const sparedModules = async (bundleFile: string): Promise<string> => {
  const script = `await import(${JSON.stringify(bundleFile)});
    console.log(process.moduleLoadList.filter((it) => /undici|internal\\/http2/.test(it)).join());`;
  return (await promisify(execFile)(NODE, ['--input-type=module', '-e', script])).stdout.trim();
};

const bundle = (handler: string, folder: string) => bundleAsDeployed(handler.replace(/\.\w+$/, '.ts'), folder);

test.each([...deployedHandlers()])(
  'function %s loads less than 1 MB at its start, and neither undici nor HTTP/2',
  async (_, handler) => {
    const folder = mkdtempSync(join(tmpdir(), 'pio-bundle-'));
    const { atStart } = bundleSizes(await bundle(handler, folder));
    expect(await sparedModules(join(folder, handler.replace(/\.\w+$/, '.mjs')))).toBe('');
    expect(atStart).toBeGreaterThan(100_000);
    expect(atStart).toBeLessThan(MAX_BYTES);
  },
  LIMIT_MS,
);

/** What each sink type opens its target with; the others need nothing. */
/** By function, the client of each type that it opens. */
const DRIVERS = {
  sink: {
    ...{ dynamodb: '@aws-sdk/client-dynamodb', kinesis: '@aws-sdk/client-kinesis', s3: '@aws-sdk/client-s3' },
    ...{ sqs: '@aws-sdk/client-sqs', redis: 'ioredis', 'jdbc-postgres': 'pg', cassandra: 'cassandra-driver' },
    ...{ kafka: '@platformatic/kafka', rabbitmq: 'amqplib', mongo: 'mongodb' },
    elastic_search: '@opensearch-project/opensearch',
  },
  source: {
    ...{ dynamodb: '@aws-sdk/client-dynamodb-streams', kinesis: '@aws-sdk/client-kinesis', s3: '@aws-sdk/client-s3' },
    ...{ sqs: '@aws-sdk/client-sqs', 'jdbc-postgres': 'pg', kafka: '@platformatic/kafka', rabbitmq: 'amqplib' },
  },
};

test.each(Object.entries(DRIVERS))(
  'the bundle of %s has the client of each of its types',
  async (name, drivers) => {
    const { outputs } = await bundle(`handlers/${name}.handler`, mkdtempSync(join(tmpdir(), 'pio-bundle-')));
    const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
    const isIn = (driver: string) => inputs.some((path) => path.includes(`node_modules/${driver}/`));
    expect(Object.entries(drivers).filter(([, driver]) => !isIn(driver))).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'what is loaded when needed has the name of its function, by which serverless-esbuild packages it',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pio-bundle-'));
    await bundle('handlers/admin.handler', folder);
    const parts = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
    expect(parts.length).toBeGreaterThan(5);
    for (const name of parts) expect(name).toMatch(/^admin\.[A-Z0-9]{8}\.mjs$/);
  },
  LIMIT_MS,
);

test(
  'the Kafka client reckons as it does unbundled, although a part of it reads a file beside itself',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pio-bundle-'));
    const { outputs } = await bundle('handlers/sink.handler', folder);
    const chunk = Object.keys(outputs).find((path) => outputs[path]?.exports.includes('crc32c')) ?? '';
    const script = `const { crc32c } = await import(${JSON.stringify(resolve(ROOT, chunk))});
      console.log(crc32c(Buffer.from('123456789')).toString(16));`;
    const { stdout } = await promisify(execFile)(NODE, ['--input-type=module', '-e', script]);
    expect(stdout.trim()).toBe('e3069283');
  },
  LIMIT_MS,
);

test(
  'an error of a bundle names the place in the source, although no map is read at the start',
  async () => {
    const taskRoot = mkdtempSync(join(tmpdir(), 'pio-bundle-'));
    await bundleAsDeployed('handlers/dispatcher.ts', taskRoot);
    const settings = { name: 'dispatcher', taskRoot, handler: 'handlers/dispatcher.handler', environment: {} };
    const sandbox = await Sandbox.start({ ...settings, memoryMb: 512, timeoutMs: LIMIT_MS });
    const outcome = await sandbox.invoke(Buffer.from('{}'));
    await sandbox.stop();
    const { errorMessage, trace } = JSON.parse(String((outcome as { body: Buffer }).body));
    expect(errorMessage).toContain('PULSAR_SERVICE_URL');
    const line = readFileSync(resolve(ROOT, 'handlers/environment.ts'), 'utf8').split('\n');
    const [, number = '0'] = /handlers\/environment\.ts:(\d+):\d+\)?$/.exec(trace[1]) ?? [];
    expect(line[Number(number) - 1]).toContain('throw new PulsarIoError');
  },
  LIMIT_MS,
);
