import type { SourceConnector } from '../../core/connector.ts';
import type { OpenLogSource } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { good } from '../../core/findings.ts';
import type { Finding, InspectionAnswer, SourcePreviewRecord } from '../../core/inspection.ts';
import type { SourceProgress } from '../../core/progress.ts';
import type { SourceRecord } from '../../core/record.ts';
import { destinationFor, encodeValue, type OutputShape } from '../../delivery/output-shape.ts';
import { concreteTopics, route } from '../../delivery/output-topic.ts';
import { shapeOf } from '../shape-of.ts';
import { step } from './findings.ts';
import type { Inspection } from './inspection.ts';
import { shownProperties, shownText } from './shown-value.ts';
import { withOpen } from './with-open.ts';

/** The next records of a log source and where they would go, read behind its stored positions. Throws `InspectionEnd`. */
export const previewSource = async (inspection: Inspection, count: number): Promise<InspectionAnswer> => {
  const { type, config, context, signal } = inspection;
  const log = await step('system', signal, 'reading the source', async () => {
    if (type.kind === 'source' && type.source === 'log') return type;
    throw new PulsarIoError(
      'PIO_CONFIG_INVALID',
      `a ${type.name} source has no preview: what it is sent cannot be read twice, and to receive it would hide it from others`,
    );
  });
  return withOpen(
    inspection,
    () => log.open(config, context),
    (source) => readAll(inspection, source, count),
  );
};

const readAll = async (inspection: Inspection, source: OpenLogSource, count: number): Promise<InspectionAnswer> => {
  const { signal } = inspection;
  const connector = inspection.connector as SourceConnector;
  const { topicName } = connector.config;
  const shape = await shapeOf(connector, inspection.deps);
  const targets = concreteTopics(topicName, await partitionsOf(inspection, topicName));
  const findings: Finding[] = [];
  const records: SourcePreviewRecord[] = [];
  for (const partition of await step('system', signal, 'listing source partitions', () => source.partitions(signal))) {
    if (records.length >= count) break;
    const read = await step('system', signal, `reading ${partition}`, () =>
      readSome(inspection, source, partition, count - records.length),
    );
    if (read.length === 0) findings.push(good('system', `${partition} has nothing new`));
    records.push(...read.map((record) => show(partition, record, targets, shape)));
  }
  return { findings, records };
};

/** 0 where it is not known. */
const partitionsOf = ({ deps, signal }: Inspection, topic: string): Promise<number> =>
  step('pulsar', signal, `looking up ${topic}`, async () =>
    topic === '' ? 0 : ((await deps.pulsar?.partitions(topic, signal)) ?? 0),
  );

const readSome = async (
  { deps, connector, signal }: Inspection,
  source: OpenLogSource,
  partition: string,
  count: number,
): Promise<readonly SourceRecord[]> => {
  const stored = await deps.checkpoints.read<SourceProgress>(connector.uid, partition, signal);
  const records: SourceRecord[] = [];
  for await (const page of source.read(partition, stored?.progress.position ?? undefined, signal)) {
    records.push(...page.filter(({ isMark }) => !isMark).slice(0, count - records.length));
    if (records.length >= count) break;
  }
  return records;
};

const show = (
  sourcePartition: string,
  read: SourceRecord,
  targets: readonly string[],
  shape: OutputShape,
): SourcePreviewRecord => {
  const { record, destination, error = read.error } = shaped(read, shape);
  const { key, properties, sequence } = record;
  const message = { value: null, sequenceId: sequence, ...(key !== undefined && { key }) };
  const partitions = targets.length === 1 ? 0 : targets.length;
  return {
    sourcePartition,
    topic: destination ?? targets[route(message, partitions)] ?? '',
    ...(key !== undefined && { key: shownText(key) ?? '' }),
    properties: shownProperties(properties),
    value: shownText(encodeValue(record.value)),
    sequence,
    ...(error && { error: error.message }),
  };
};

interface Shown {
  readonly record: SourceRecord;
  /** Undefined: the output topic. */
  readonly destination?: string | undefined;
  readonly error?: Error;
}

/** What is published, before it is encoded; a record that is not is shown as it is, with the reason. */
const shaped = (record: SourceRecord, shape: OutputShape): Shown => {
  const { transform, encode } = shape;
  if (record.error) return { record };
  try {
    const changed = transform ? transform(record) : record;
    if (!changed) return { record, error: new Error('transformFunctionConfig drops it') };
    encode(changed.value);
    return { record: changed, destination: destinationFor(shape, changed) };
  } catch (error) {
    return { record, error: error as Error };
  }
};
