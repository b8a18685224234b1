import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PRICES } from '../src/control-plane/cost/prices.ts';
import type { Cloud } from '../test/e2e/cloud/index.ts';
import { startLambdaCloud } from '../test/e2e/cloud/lambda-cloud.ts';
import { startEmbeddedBroker } from '../test/e2e/embedded-broker.ts';
import { inputRecord } from '../test/e2e/growing-file.ts';
import { sqliteTarget } from '../test/e2e/sqlite-target.ts';
import { type Figure, median } from './report.ts';

/** Records of a file, from there to a topic, and from the topic into SQLite. */
const RECORDS = 100_000;
/** Calls of a function that events call, and the records of one. */
const CALLS = 300;
const TIMEOUT_MS = 180_000;

/** Lambda gives a function a whole processor for so much memory, and a share of one for less: what only computes costs the same GB-seconds with any memory up to that. */
const GB_OF_PROCESSOR = 1_769 / 1_024;
const MILLION = 1_000_000;

/** How one trigger brings its records, and what its function is called. */
interface Trigger {
  readonly name: string;
  readonly functionName: string;
  readonly recordsPerCall: number;
  call(cloud: Cloud, number: number): Promise<void>;
}

/**
 * What a million records cost by each trigger, as far as Lambda computes for them: processor time of the deployed bundles in their environments, after the first calls, as
 * GB-seconds and as money, with requests. Processor time suffers little from other programs; what a function waits for, and units of the store, are not in it.
 */
export const costFigures = async (rounds: number): Promise<Figure[]> => {
  const measured = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, perMillion] of [...(await byEvents()), ...(await byRuns())])
      measured.set(name, [...(measured.get(name) ?? []), perMillion]);
  }
  return [...measured].flatMap(([name, seconds]) => figuresOf(name, median(seconds)));
};

const figuresOf = (name: string, cpuSeconds: number): Figure[] => {
  const gbSeconds = cpuSeconds * GB_OF_PROCESSOR;
  const requests = REQUESTS_PER_MILLION[name] ?? 0;
  const usd = gbSeconds * PRICES.lambdaGbSecond + requests * PRICES.lambdaRequest;
  return [
    { name: `${name}: per million records`, value: gbSeconds, unit: 'GB-seconds' },
    { name: `${name}: Lambda, per billion records`, value: usd * 1_000, unit: 'USD' },
  ];
};

const webhook =
  (name: string, lines: number): Trigger['call'] =>
  async (cloud, number) => {
    const body = Array.from({ length: lines }, (_, index) => JSON.stringify(inputRecord(number * lines + index)));
    const response = await fetch(`${cloud.url}/webhooks/public/default/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: body.join('\n'),
    });
    if (!response.ok) throw new Error(`the webhook answered ${response.status}: ${await response.text()}`);
  };

const QUEUE_ARN = 'arn:aws:sqs:us-east-1:123456789012:orders';
const MESSAGES = 10;

const queueEvent: Trigger['call'] = async (cloud, number) => {
  const { Records } = JSON.parse(readFileSync(new URL('../events/sqs-standard.json', import.meta.url), 'utf8'));
  const event = {
    Records: Array.from({ length: MESSAGES }, (_, index) => ({
      ...Records[0],
      messageId: `m-${number}-${index}`,
      receiptHandle: `r-${number}-${index}`,
      body: JSON.stringify(inputRecord(number * MESSAGES + index)),
    })),
  };
  const answer = await cloud.invoke('queue-source', event);
  if (!answer.includes('"batchItemFailures":[]')) throw new Error(`the queue's function answered ${answer}`);
};

const TRIGGERS: readonly Trigger[] = [
  { name: 'webhook, 1 record a request', functionName: 'http-source', recordsPerCall: 1, call: webhook('one', 1) },
  {
    name: 'webhook, 100 records a request',
    functionName: 'http-source',
    recordsPerCall: 100,
    call: webhook('many', 100),
  },
  { name: `SQS event of ${MESSAGES}`, functionName: 'queue-source', recordsPerCall: MESSAGES, call: queueEvent },
];

const REQUESTS_PER_MILLION: Readonly<Record<string, number>> = Object.fromEntries(
  TRIGGERS.map(({ name, recordsPerCall }) => [name, MILLION / recordsPerCall]),
);

/** Seconds of processor time per million records. */
type Measured = readonly (readonly [name: string, cpuSeconds: number])[];

const startCloudOn = async (broker: { serviceUrl: string; adminUrl: string }): Promise<Cloud> => {
  const storeUrl = `sqlite:${join(mkdtempSync(join(tmpdir(), 'pio-cost-')), 'store.db')}`;
  return startLambdaCloud({ ...broker, storeUrl, tickMs: 10_000, runSettings: { maxBatchRecords: 1_000 } });
};

const byEvents = async (): Promise<Measured> => {
  await using broker = await startEmbeddedBroker();
  await using cloud = await startCloudOn(broker);
  for (const name of ['one', 'many'])
    await cloud.create('source', name, { archive: 'builtin://http', topicName: name, configs: { split: 'ndjson' } });
  const configs = { awsRegion: 'us-east-1', queueName: 'orders', trigger: 'event', queueArn: QUEUE_ARN };
  await cloud.create('source', 'queue', { archive: 'builtin://sqs', topicName: 'queue', configs });
  const measured: (readonly [string, number])[] = [];
  for (const { name, functionName, recordsPerCall, call } of TRIGGERS) {
    for (let number = 0; number < CALLS / 10; number++) await call(cloud, number);
    const beforeMs = await cpuMs(cloud, functionName);
    for (let number = 0; number < CALLS; number++) await call(cloud, CALLS + number);
    const perRecordMs = ((await cpuMs(cloud, functionName)) - beforeMs) / (CALLS * recordsPerCall);
    measured.push([name, (perRecordMs * MILLION) / 1_000]);
  }
  return measured;
};

/** All of the runs' time, cold starts and what they look for when nothing is left included. */
const byRuns = async (): Promise<Measured> => {
  await using broker = await startEmbeddedBroker();
  await using target = await sqliteTarget({ batchSize: 1_000 });
  await using cloud = await startCloudOn(broker);
  const path = join(mkdtempSync(join(tmpdir(), 'pio-cost-')), 'input.ndjson');
  writeFileSync(path, Array.from({ length: RECORDS }, (_, i) => `${JSON.stringify(inputRecord(i))}\n`).join(''));
  const { configs } = target;
  const sink = {
    archive: `builtin://${target.sinkType}`,
    inputs: ['runs'],
    sourceSubscriptionPosition: 'Earliest',
    configs,
  };
  await cloud.create('sink', 'out', sink);
  await cloud.create('source', 'in', {
    ...{ archive: 'builtin://file', topicName: 'runs', configs: { path, format: 'ndjson' } },
  });
  const endMs = performance.now() + TIMEOUT_MS;
  while ((await target.rows()) < RECORDS) {
    if (performance.now() > endMs) throw new Error(`not all records arrived in ${TIMEOUT_MS} ms, see ${cloud.logFile}`);
    await sleep(50);
  }
  const perMillion = MILLION / RECORDS / 1_000;
  return [
    ['source run, from a file', (await cpuMs(cloud, 'source')) * perMillion],
    ['sink run, into SQLite', (await cpuMs(cloud, 'sink')) * perMillion],
  ];
};

const cpuMs = async (cloud: Cloud, name: string): Promise<number> => (await cloud.state()).cpuMs?.[name] ?? 0;
