import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { bundleAsDeployed, bundleSizes, deployedHandlers } from '../lambda/bundles.ts';

const MAX_BYTES = 1_000_000;
const LIMIT_MS = 60_000;

const bundle = (handler: string, folder: string) => bundleAsDeployed(handler.replace(/\.\w+$/, '.ts'), folder);

test.each([...deployedHandlers()])(
  'function %s loads less than 1 MB at its start',
  async (_, handler) => {
    const { atStart } = bundleSizes(await bundle(handler, mkdtempSync(join(tmpdir(), 'pio-bundle-'))));
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
    const script = `const { crc32c } = await import(${JSON.stringify(resolve(import.meta.dirname, '../..', chunk))});
      console.log(crc32c(Buffer.from('123456789')).toString(16));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.trim()).toBe('e3069283');
  },
  LIMIT_MS,
);
