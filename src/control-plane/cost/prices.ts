/** AWS list prices in US dollars, us-east-1, without free tiers, as of {@link PRICES_OF}. The only place that has them. */
export const PRICES = {
  /** Lambda on arm64, per GB-second. */
  lambdaGbSecond: 0.0000133334,
  lambdaRequest: 0.2e-6,
  /** DynamoDB on demand, per unit of 1 KB written. */
  dynamoWriteUnit: 0.625e-6,
  /** Per unit of 4 KB read consistently. */
  dynamoReadUnit: 0.125e-6,
  /** Per invocation by a schedule. */
  eventBridgeInvocation: 1e-6,
  /** API Gateway HTTP API, per request. */
  httpApiRequest: 1e-6,
  /** SQS standard queue, per request. */
  sqsRequest: 0.4e-6,
  /** CloudWatch, per custom metric and month. */
  metricMonth: 0.3,
  /** CloudWatch, per alarm on one metric and month. */
  alarmMonth: 0.1,
} as const;

/** Date of the prices. */
export const PRICES_OF = '2026-11-21';

/** What the product does per unit of work. */
export const CONSTANTS = {
  /** DynamoDB read units that a tick of the dispatcher takes for an idle instance: measured, `npm run bench -- scale`, 668 per 1,000. */
  tickReadUnits: 0.668,
  /** Once a minute, in 730 hours. */
  ticksPerMonth: 43_800,
  monthSeconds: 2_628_000,
  /** A run hands over this long after its start: 900 s less its lead. */
  runSeconds: 888,
  /** A heartbeat writes the lease with the status. */
  heartbeatSeconds: 3,
  /** Lease taken and given back, and a fence for a source partition. */
  writesOfRun: 3,
  /** Assumed: a run that finds nothing. */
  idleRunSeconds: 1,
  /** Assumed: a tick. */
  tickSeconds: 1,
  /** Assumed: one webhook request. */
  webhookSeconds: 0.02,
  /** Metrics that the dispatcher writes, and alarms of a deployment: `deploy/operations.yml`. */
  metrics: 4,
  alarms: 5,
  /** Batch of a run where the type has no size of its own. */
  batchRecords: 1_000,
} as const;
