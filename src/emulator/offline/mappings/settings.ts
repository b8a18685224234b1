import { invalid, type Mapping, readArn } from './mapping.ts';

/** What can be said of a mapping when it is made or changed. */
export type Settings = Omit<
  Mapping,
  'UUID' | 'EventSourceArn' | 'FunctionArn' | 'LastModified' | 'LastProcessingResult'
>;

const NUMBERS: Readonly<Record<string, readonly [number, number]>> = {
  BatchSize: [1, 10_000],
  MaximumBatchingWindowInSeconds: [0, 300],
  MaximumRetryAttempts: [-1, 10_000],
};

const QUEUE_KEYS = ['BatchSize', 'MaximumBatchingWindowInSeconds', 'FunctionResponseTypes', 'ScalingConfig'];
const STREAM_KEYS = [
  ...['BatchSize', 'MaximumBatchingWindowInSeconds', 'FunctionResponseTypes'],
  ...['StartingPosition', 'BisectBatchOnFunctionError', 'MaximumRetryAttempts'],
];
const COMMON_KEYS = ['FunctionName', 'EventSourceArn', 'Enabled', 'Tags', 'UUID'];

/** Settings of a create or an update over those that there are. Throws `InvalidParameterValueException` for what Lambda refuses, and for what is not emulated. */
export const settingsOf = (arn: string, body: Readonly<Record<string, unknown>>, before?: Settings): Settings => {
  const isQueue = readArn(arn).service === 'sqs';
  const known = isQueue ? QUEUE_KEYS : STREAM_KEYS;
  const given = Object.entries(body).filter(
    ([key, value]) => value !== undefined && value !== null && key !== 'Enabled',
  );
  for (const [key, value] of given) {
    if (!known.includes(key) && !COMMON_KEYS.includes(key))
      throw invalid(`${key} is not emulated offline for ${arn}; known are ${known.join(', ')}`);
    const [least, most] = NUMBERS[key] ?? [0, 0];
    if (NUMBERS[key] && !(Number.isInteger(value) && Number(value) >= least && Number(value) <= most))
      throw invalid(`${key} must be a whole number from ${least} to ${most}`);
  }
  const changes = Object.fromEntries(given.filter(([key]) => known.includes(key) || key === 'Tags'));
  const settings: Settings = {
    ...{ BatchSize: isQueue ? 10 : 100, MaximumBatchingWindowInSeconds: 0, State: 'Enabled' as const },
    ...before,
    ...changes,
    ...(typeof body.Enabled === 'boolean' && { State: body.Enabled ? 'Enabled' : 'Disabled' }),
  };
  check(arn, isQueue, settings);
  return settings;
};

const check = (arn: string, isQueue: boolean, settings: Settings): void => {
  const { BatchSize, MaximumBatchingWindowInSeconds: windowSeconds, StartingPosition } = settings;
  const isFifo = isQueue && arn.endsWith('.fifo');
  if (isFifo && windowSeconds > 0) throw invalid('Batching window is not supported for FIFO queues');
  if (isQueue && BatchSize > 10 && (isFifo || windowSeconds === 0))
    throw invalid('A batch of more than 10 needs a standard queue and a MaximumBatchingWindowInSeconds of 1 or more');
  if (!isQueue && StartingPosition !== 'LATEST' && StartingPosition !== 'TRIM_HORIZON')
    throw invalid('StartingPosition must be LATEST or TRIM_HORIZON for a stream; AT_TIMESTAMP is not emulated offline');
};
