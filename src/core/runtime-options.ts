import type { CommonConfig } from './connector.ts';
import { PulsarIoError } from './errors.ts';

/** Our additions, which travel as JSON in Pulsar's `customRuntimeOptions`. */
export interface RuntimeOptions {
  /** Runner group: which deployed function, memory and role. */
  readonly runner?: string;
  /** Where records go that a source cannot publish. A sink has its own `deadLetterTopic`. */
  readonly deadLetterTopic?: string;
  /** Of a source: the Avro schema of its records, as JSON text, where `schemaType` is JSON or AVRO. */
  readonly schema?: string;
  /** Of a source: a transformation of its records, `{"steps": [...]}` as JSON text. A sink has its own `transformFunctionConfig`. */
  readonly transformFunctionConfig?: string;
  /** How records flow: integers as text, see `FlowOptions`. */
  readonly batchSize?: string;
  readonly batchTimeMs?: string;
  readonly maxRecordsPerSecond?: string;
  readonly retryBackoffMs?: string;
  readonly retryBackoffMaxMs?: string;
  /** Of a sink: how many of its `parallelism` instances run whatever waits, and how much backlog asks for one. */
  readonly minParallelism?: string;
  readonly backlogPerInstance?: string;
  /** Of a sink that keeps an order: whether the later records of a dead-lettered key follow it (`park`) or pass it (`pass`). */
  readonly deadLetterKeys?: 'park' | 'pass';
  /** Cron expression: when it runs, instead of whenever there is work. */
  readonly schedule?: string;
  /** IANA time zone of `schedule`; UTC when absent. */
  readonly timeZone?: string;
  /** What is done about times of `schedule` that nobody could serve; `once` when absent. */
  readonly missedTimes?: 'skip' | 'once' | 'all';
}

/** Options with a closed choice of words. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  deadLetterKeys: ['park', 'pass'],
  missedTimes: ['skip', 'once', 'all'],
};

/** The options of a connector; throws `PIO_CONFIG_INVALID` when the text is not a JSON object of strings. */
export const runtimeOptions = ({ customRuntimeOptions }: CommonConfig): RuntimeOptions => {
  if (!customRuntimeOptions) return {};
  const problem =
    'customRuntimeOptions must be a JSON object of texts, such as {"deadLetterTopic": "my-dlq"} of a source or {"deadLetterKeys": "park"} of a sink';
  let options: unknown;
  try {
    options = JSON.parse(customRuntimeOptions);
  } catch (cause) {
    throw new PulsarIoError('PIO_CONFIG_INVALID', problem, { cause });
  }
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (!isObject || Object.values(options as object).some((value) => typeof value !== 'string')) {
    throw new PulsarIoError('PIO_CONFIG_INVALID', problem);
  }
  for (const [name, words] of Object.entries(CHOICES)) {
    const value = (options as Record<string, string>)[name];
    if (value === undefined || words.includes(value)) continue;
    const choices = words.map((word) => `"${word}"`).join(' or ');
    throw new PulsarIoError('PIO_CONFIG_INVALID', `${name} in customRuntimeOptions must be ${choices}, not "${value}"`);
  }
  return options as RuntimeOptions;
};
