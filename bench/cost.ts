import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CONSTANTS, PRICES } from '../src/control-plane/cost/prices.ts';
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
/** Memory of the functions, as `serverless.yml` has it. */
const GB = 512 / 1_024;
const MILLION = 1_000_000;
/** Records of a commit, where runs move them. */
const BATCH = 1_000;

/** What a function was measured to take: billed time, and processor time within it, in seconds. */
interface Time {
  readonly billed: number;
  readonly cpu: number;
}

/** How one trigger brings its records, and what its function is called. */
interface Trigger {
  readonly name: string;
  readonly functionName: string;
  readonly recordsPerCall: number;
  /** What is before Lambda, for each call. */
  readonly usdPerCall: number;
  call(cloud: Cloud, number: number): Promise<void>;
}

/**
 * What a million records cost by each trigger, and a tick and a look that find nothing: billed time of the deployed bundles in their environments as GB-seconds, and as money
 * with requests and units of the store. A loaded machine makes it longer; the processor's part alone suffers little.
 */
export const costFigures = async (rounds: number): Promise<Figure[]> => {
  const measured = new Map<string, Time[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, time] of [...(await byEvents()), ...(await byRuns()), ...(await byNothing())])
      measured.set(name, [...(measured.get(name) ?? []), time]);
  }
  return [...measured].flatMap(([name, times]) => {
    const time = { billed: median(times.map(({ billed }) => billed)), cpu: median(times.map(({ cpu }) => cpu)) };
    return name in OTHERS ? perMillion(name, time) : perTime(name, time);
  });
};

/** With less than a processor's worth of memory what is computed takes longer, and what is waited for does not. */
const gbSecondsOf = ({ billed, cpu }: Time): number => cpu * GB_OF_PROCESSOR + Math.max(0, billed - cpu) * GB;

const perMillion = (name: string, time: Time): Figure[] => {
  const usd = gbSecondsOf(time) * PRICES.lambdaGbSecond + (OTHERS[name] ?? 0);
  return [
    { name: `${name}: billed, per million records`, value: gbSecondsOf(time), unit: 'GB-seconds' },
    { name: `${name}: of that computing`, value: time.cpu * GB_OF_PROCESSOR, unit: 'GB-seconds' },
    { name: `${name}: all, per billion records`, value: usd * 1_000, unit: 'USD' },
  ];
};

const perTime = (name: string, time: Time): Figure[] => [
  { name: `${name}: billed`, value: (gbSecondsOf(time) / GB) * 1_000, unit: 'ms' },
  { name: `${name}: once a minute, a month`, value: perMonth(time) * 100, unit: 'US cents' },
];

const perMonth = (time: Time): number =>
  CONSTANTS.ticksPerMonth * (gbSecondsOf(time) * PRICES.lambdaGbSecond + PRICES.lambdaRequest);

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

const HTTP = { functionName: 'http-source', usdPerCall: PRICES.httpApiRequest };

const TRIGGERS: readonly Trigger[] = [
  { ...HTTP, name: 'webhook, 1 record a request', recordsPerCall: 1, call: webhook('one', 1) },
  { ...HTTP, name: 'webhook, 100 records a request', recordsPerCall: 100, call: webhook('many', 100) },
  {
    ...{ name: `SQS event of ${MESSAGES}`, functionName: 'queue-source', recordsPerCall: MESSAGES, call: queueEvent },
    // Received, and deleted.
    usdPerCall: 2 * PRICES.sqsRequest,
  },
];

const SOURCE_RUN = 'source run, from a file';
const SINK_RUN = 'sink run, into SQLite';

/** Per million records: requests of Lambda and of what is before it, and units of the store under ATLEAST_ONCE. */
const OTHERS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    TRIGGERS.map(({ name, recordsPerCall, usdPerCall }) => [
      name,
      (MILLION / recordsPerCall) * (PRICES.lambdaRequest + usdPerCall),
    ]),
  ),
  [SOURCE_RUN]: (MILLION / BATCH) * PRICES.dynamoWriteUnit,
  [SINK_RUN]: 0,
};

/** Per million records, or per time. */
type Measured = readonly (readonly [name: string, time: Time])[];

const startCloudOn = async (
  broker: { serviceUrl: string; adminUrl: string },
  options: Partial<Parameters<typeof startLambdaCloud>[0]> = {},
): Promise<Cloud> => {
  const storeUrl = `sqlite:${join(mkdtempSync(join(tmpdir(), 'pio-cost-')), 'store.db')}`;
  const runSettings = { maxBatchRecords: BATCH };
  return startLambdaCloud({ ...broker, storeUrl, tickMs: 10_000, runSettings, ...options });
};

const byEvents = async (): Promise<Measured> => {
  await using broker = await startEmbeddedBroker();
  await using cloud = await startCloudOn(broker);
  for (const name of ['one', 'many'])
    await cloud.create('source', name, { archive: 'builtin://http', topicName: name, configs: { split: 'ndjson' } });
  const configs = { awsRegion: 'us-east-1', queueName: 'orders', trigger: 'event', queueArn: QUEUE_ARN };
  await cloud.create('source', 'queue', { archive: 'builtin://sqs', topicName: 'queue', configs });
  const measured: (readonly [string, Time])[] = [];
  for (const { name, functionName, recordsPerCall, call } of TRIGGERS) {
    for (let number = 0; number < CALLS / 10; number++) await call(cloud, number);
    const before = await timeOf(cloud, functionName);
    for (let number = 0; number < CALLS; number++) await call(cloud, CALLS + number);
    const after = await timeOf(cloud, functionName);
    const time = { billed: after.billed - before.billed, cpu: after.cpu - before.cpu };
    measured.push([name, scaled(time, MILLION / (CALLS * recordsPerCall))]);
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
  const ended = async (): Promise<boolean> => (await cloud.state()).running === 0;
  while (!(await ended())) await sleep(50);
  return [
    [SOURCE_RUN, scaled(await timeOf(cloud, 'source'), MILLION / RECORDS)],
    [SINK_RUN, scaled(await timeOf(cloud, 'sink'), MILLION / RECORDS)],
  ];
};

/** Ticks, and looks at a file that has nothing new, each in an environment that was there before, as every minute. */
const byNothing = async (): Promise<Measured> => {
  await using broker = await startEmbeddedBroker();
  await using cloud = await startCloudOn(broker, { tickMs: TICK_MS, runSettings: { idleMs: IDLE_MS } });
  const path = join(mkdtempSync(join(tmpdir(), 'pio-cost-')), 'input.ndjson');
  writeFileSync(path, `${JSON.stringify(inputRecord(0))}\n`);
  const configs = { path, format: 'ndjson', pollingInterval: LOOK_MS };
  await cloud.create('source', 'in', { archive: 'builtin://file', topicName: 'nothing', configs });
  const begun = (await invocationsOf(cloud, 'source')) + 2;
  while ((await invocationsOf(cloud, 'source')) < begun) await sleep(50);
  const from = await Promise.all(LOOKING.map((name) => usedBy(cloud, name)));
  while ((await invocationsOf(cloud, 'source')) < begun + LOOKS) await sleep(50);
  while ((await cloud.state()).running > 0) await sleep(5);
  const to = await Promise.all(LOOKING.map((name) => usedBy(cloud, name)));
  return LOOKING.map((name, index) => {
    const [before, after] = [from[index] as Used, to[index] as Used];
    const times = 1 / (after.invocations - before.invocations);
    const time = { billed: after.time.billed - before.time.billed, cpu: after.time.cpu - before.time.cpu };
    return [name === 'source' ? 'look that finds nothing' : 'tick', scaled(time, times)] as const;
  });
};

const TICK_MS = 1_000;
/** Less than the pause between two looks, as ten seconds are less than a minute: a run ends when it has looked. */
const IDLE_MS = 500;
const LOOK_MS = 1_000;
const LOOKS = 8;
const LOOKING = ['source', 'dispatcher'] as const;

interface Used {
  readonly time: Time;
  readonly invocations: number;
}

const usedBy = async (cloud: Cloud, name: string): Promise<Used> => ({
  time: await timeOf(cloud, name),
  invocations: await invocationsOf(cloud, name),
});

const invocationsOf = async (cloud: Cloud, name: string): Promise<number> =>
  (await cloud.state()).invocations?.[name] ?? 0;

const scaled = ({ billed, cpu }: Time, times: number): Time => ({ billed: billed * times, cpu: cpu * times });

const timeOf = async (cloud: Cloud, name: string): Promise<Time> => {
  const { billedMs, cpuMs } = await cloud.state();
  return { billed: (billedMs?.[name] ?? 0) / 1_000, cpu: (cpuMs?.[name] ?? 0) / 1_000 };
};
