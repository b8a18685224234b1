import type { Connector } from '../../core/connector.ts';
import type { ConnectorType } from '../../core/connector-type.ts';
import { resolveConfig } from '../../core/type-config.ts';
import { CONSTANTS, PRICES, PRICES_OF } from './prices.ts';

/** What an estimate assumes of the load. */
export interface Load {
  /** That one instance moves while it has work. */
  readonly recordsPerSecond: number;
  readonly recordBytes: number;
  readonly memoryMb: number;
}

/** One line of an estimate. */
export interface CostItem {
  readonly item: string;
  readonly quantity: number;
  readonly unit: string;
  readonly usd: number;
}

/** Items and their sum. */
export interface CostSum {
  readonly usd: number;
  readonly items: readonly CostItem[];
}

/** What a connector costs at AWS, without data transfer, logs and the system's and Pulsar's own cost. */
export interface CostEstimate {
  readonly currency: 'USD';
  readonly pricesOf: string;
  readonly perMillionRecords: CostSum;
  /** A month in which nothing is to be moved. */
  readonly perIdleMonth: CostSum;
  /** What a deployment costs in a month with any number of connectors; shared by all. */
  readonly deploymentPerMonth: CostSum;
  readonly assumptions: Readonly<Record<string, unknown>>;
  readonly measured: Readonly<Record<string, string>>;
}

const MILLION = 1_000_000;

/** Estimates from counted work and list prices. Pure. */
export const estimateCost = (connector: Connector, type: ConnectorType, load: Load): CostEstimate => {
  const config = resolveConfig(type.config, connector.config.configs).config as never;
  const batchRecords = (type.kind === 'sink' && type.maxBatchRecords?.(config)) || CONSTANTS.batchRecords;
  const storeWritesPerBatch = writesPerBatch(connector, type);
  const pollSeconds = pollOf(type, config);
  const isWebhook = type.kind === 'source' && type.source === 'event';
  return {
    currency: 'USD',
    pricesOf: PRICES_OF,
    perMillionRecords: isWebhook
      ? webhooks(load)
      : running(load, storeWritesPerBatch * (MILLION / batchRecords), inboxUnits(connector, type, load)),
    perIdleMonth: isWebhook ? sum([]) : idle(connector.config.parallelism, pollSeconds, load),
    deploymentPerMonth: dispatcher(load),
    assumptions: {
      ...load,
      guarantee: connector.config.processingGuarantees,
      parallelism: connector.config.parallelism,
      ...(!isWebhook && { batchRecords, storeWritesPerBatch, ...(pollSeconds && { looksEverySeconds: pollSeconds }) }),
      notCounted: ASSUMED,
    },
    measured: MEASURED,
  };
};

const ASSUMED =
  'free tiers, data transfer, logs, the system and Pulsar; a run stays up to 10 s after its last record; full batches; one record a webhook request; of an inbox only what storing takes';

const MEASURED = {
  tickReadUnits: 'npm run bench -- scale: 668 read units a tick per 1,000 idle sinks',
  recordsPerSecond: 'not measured for this connector: give the rate that its status shows',
  idleRunSeconds: `assumed: ${CONSTANTS.idleRunSeconds}; npm run bench -- cost: 0.064 with store and broker on the same machine`,
  tickSeconds: `assumed: ${CONSTANTS.tickSeconds}; npm run bench -- cost: 0.049 for one connector, with the store on the same machine`,
  webhookSeconds: `assumed: ${CONSTANTS.webhookSeconds}; npm run bench -- cost: 0.008 with store and broker on the same machine`,
};

/** A source commits its position; a sink only a frontier of its own that does not lie in the target (docs/guarantees.md). */
const writesPerBatch = ({ config }: Connector, type: ConnectorType): number => {
  if (type.kind === 'source') return 1;
  if (config.processingGuarantees === 'ATLEAST_ONCE') return 0;
  return config.processingGuarantees === 'EFFECTIVELY_ONCE' && type.route === 'transactional' ? 0 : 1;
};

/** Messages of a queue that are kept in the store until they are published: at least their own size. */
const inboxUnits = ({ config }: Connector, type: ConnectorType, { recordBytes }: Load): number => {
  const hasInbox = type.kind === 'source' && type.source === 'queue' && config.processingGuarantees !== 'ATLEAST_ONCE';
  return hasInbox ? (MILLION * recordBytes) / 1024 : 0;
};

/** Seconds between two looks at a source that has nothing; undefined: nobody looks. Runs are started by the minute. */
const pollOf = (type: ConnectorType, config: never): number | undefined => {
  if (type.kind === 'sink' || type.source === 'event') return undefined;
  if (type.source === 'batch' || (type.source === 'queue' && type.trigger(config))) return undefined;
  const ms = type.pollIntervalMs(config);
  return ms === undefined ? undefined : Math.max(60, ms / 1000);
};

const running = (load: Load, batchWrites: number, inbox: number): CostSum => {
  const seconds = MILLION / load.recordsPerSecond;
  const runs = seconds / CONSTANTS.runSeconds;
  return sum([
    time('Lambda, time of runs', seconds, load),
    item('Lambda, invocations of runs', runs, 'requests', PRICES.lambdaRequest),
    writes('DynamoDB, leases', runs * CONSTANTS.writesOfRun + seconds / CONSTANTS.heartbeatSeconds),
    writes('DynamoDB, commits', batchWrites),
    ...(inbox > 0 ? [writes('DynamoDB, inbox', inbox)] : []),
  ]);
};

const webhooks = (load: Load): CostSum =>
  sum([
    item('HTTP API', MILLION, 'requests', PRICES.httpApiRequest),
    item('Lambda, requests', MILLION, 'requests', PRICES.lambdaRequest),
    time('Lambda, time of requests', MILLION * CONSTANTS.webhookSeconds, load),
  ]);

const idle = (parallelism: number, pollSeconds: number | undefined, load: Load): CostSum => {
  const looks = pollSeconds === undefined ? 0 : (parallelism * CONSTANTS.monthSeconds) / pollSeconds;
  const reads = parallelism * CONSTANTS.ticksPerMonth * CONSTANTS.tickReadUnits;
  return sum([
    item('DynamoDB, ticks of the dispatcher', reads, 'read units', PRICES.dynamoReadUnit),
    ...(looks === 0
      ? []
      : [
          item('Lambda, runs that find nothing', looks, 'requests', PRICES.lambdaRequest),
          time('Lambda, time of these', looks * CONSTANTS.idleRunSeconds, load),
          writes('DynamoDB, leases of these', looks * CONSTANTS.writesOfRun),
        ]),
  ]);
};

const dispatcher = (load: Load): CostSum =>
  sum([
    item('EventBridge', CONSTANTS.ticksPerMonth, 'invocations', PRICES.eventBridgeInvocation),
    item('Lambda, ticks', CONSTANTS.ticksPerMonth, 'requests', PRICES.lambdaRequest),
    time('Lambda, time of ticks', CONSTANTS.ticksPerMonth * CONSTANTS.tickSeconds, load),
    item('CloudWatch, metrics', CONSTANTS.metrics, 'metrics', PRICES.metricMonth),
    item('CloudWatch, alarms', CONSTANTS.alarms, 'alarms', PRICES.alarmMonth),
  ]);

const time = (name: string, seconds: number, { memoryMb }: Load): CostItem =>
  item(name, (seconds * memoryMb) / 1024, 'GB-seconds', PRICES.lambdaGbSecond);

const writes = (name: string, units: number): CostItem => item(name, units, 'write units', PRICES.dynamoWriteUnit);

const item = (name: string, quantity: number, unit: string, price: number): CostItem => ({
  item: name,
  quantity: rounded(quantity),
  unit,
  usd: rounded(quantity * price),
});

const sum = (items: readonly CostItem[]): CostSum => ({
  usd: rounded(items.reduce((total, { usd }) => total + usd, 0)),
  items,
});

/** Four digits are more than an estimate is worth. */
const rounded = (value: number): number => Number(value.toPrecision(4));
