import { type SinkConnector, subscriptionOf } from '../../core/connector.ts';
import type { OpenSink, SinkType } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { good } from '../../core/findings.ts';
import type { Finding, InspectionAnswer, SinkPreviewRecord } from '../../core/inspection.ts';
import { formatMessageId, type MessageIdParts } from '../../core/message-id.ts';
import type { MessagingSession } from '../../core/messaging.ts';
import type { PulsarAdmin } from '../../core/pulsar-admin.ts';
import type { SinkRecord } from '../../core/record.ts';
import { routeFailure } from '../../delivery/pulsar-failure.ts';
import type { ShapeRecord } from '../../delivery/shape.ts';
import { RecordReader } from '../sink-records.ts';
import { sinkShape } from '../sink-shape.ts';
import { existingTopics } from './existing-topics.ts';
import { step } from './findings.ts';
import type { Inspection } from './inspection.ts';
import { EARLIEST, readerFrom } from './reader.ts';
import { shownProperties, shownText, shownValue } from './shown-value.ts';
import { withOpen } from './with-open.ts';

const MAX_BYTES = 2 * 1024 * 1024;
/** How long a topic that has something waiting may take to send it. */
const WAIT_MS = 3_000;

/** The next messages of a sink and what it would write, read beside its subscription. Throws `InspectionEnd`. */
export const previewSink = async (inspection: Inspection, records: number): Promise<InspectionAnswer> => {
  const { deps, config, context, signal } = inspection;
  const type = inspection.type as SinkType;
  const pulsar = await step('pulsar', signal, 'looking for topics', async () => requirePulsar(deps.pulsar));
  const messages = await readNext(inspection, pulsar, records);
  const shown = await withOpen(
    inspection,
    () => type.open(config, context),
    async (sink) => {
      const shown: SinkPreviewRecord[] = [];
      for (const read of messages.records) shown.push(await show(read, sink, signal));
      return shown;
    },
  );
  return { findings: messages.findings, records: shown };
};

const requirePulsar = (pulsar: PulsarAdmin | undefined): PulsarAdmin => {
  if (pulsar) return pulsar;
  throw new PulsarIoError(
    'PIO_CONFIG_INVALID',
    'a preview of a sink needs pulsarAdminUrl: it tells where the subscription stands',
  );
};

interface Next {
  readonly findings: Finding[];
  readonly records: Read[];
}

/** A record, and what the target would be given, or why it cannot be. */
interface Read {
  readonly record: SinkRecord;
  readonly shaped: SinkRecord | Error | undefined;
}

/** What the reading of each topic needs. */
interface Reading {
  readonly session: MessagingSession;
  readonly connector: SinkConnector;
  readonly pulsar: PulsarAdmin;
  /** Records in all. */
  readonly count: number;
  readonly toTarget: ShapeRecord;
  readonly signal: AbortSignal;
}

const readNext = async (
  { deps, config, signal, ...inspection }: Inspection,
  pulsar: PulsarAdmin,
  count: number,
): Promise<Next> => {
  const connector = inspection.connector as SinkConnector;
  const next: Next = { findings: [], records: [] };
  const session = await step('pulsar', signal, 'connecting to the broker', () => deps.openSession(signal));
  const toTarget = sinkShape(inspection.type as SinkType, config, connector, session);
  const reading = { session, connector, pulsar, count, toTarget, signal };
  try {
    for (const { named, concrete } of await step('pulsar', signal, 'listing topics', () =>
      existingTopics(connector, pulsar, signal),
    )) {
      if (concrete.length === 0) next.findings.push(good('pulsar', `${named} does not exist yet`));
      for (const topic of concrete) {
        if (next.records.length >= count) break;
        await step('pulsar', signal, `reading ${topic}`, () => readTopic(next, topic, reading));
      }
    }
    return next;
  } finally {
    session.destroy();
  }
};

const readTopic = async (
  { findings, records }: Next,
  topic: string,
  { session, connector, pulsar, count, toTarget, signal }: Reading,
): Promise<void> => {
  const start = await startOf(connector, pulsar, topic, signal);
  if (typeof start === 'string') return void findings.push(good('pulsar', `${topic}: ${start}`));
  const wanted = count - records.length;
  try {
    const reader = await readerFrom(session, topic, start, wanted, signal);
    const options = { maxMessages: wanted, maxBytes: MAX_BYTES, lingerMs: 200, waitMs: WAIT_MS, signal };
    const messages = await reader.receiveBatch(options);
    for (const record of new RecordReader(topic, undefined).toRecords(messages)) {
      const shaped = await Promise.resolve(record)
        .then(toTarget)
        .catch((error: Error) => error);
      records.push({ record, shaped });
    }
    await reader.close();
  } catch (cause) {
    throw routeFailure(cause, `reading ${topic}`);
  }
};

/** The first message that the sink did not handle; words when there is none. */
const startOf = async (
  { config }: SinkConnector,
  pulsar: PulsarAdmin,
  topic: string,
  signal: AbortSignal,
): Promise<MessageIdParts | string> => {
  const subscription = subscriptionOf(config);
  if ((await pulsar.subscriptions(topic, signal)).includes(subscription)) {
    const first = await pulsar.peek(topic, subscription, 1, signal);
    return first ? { ...first.messageId, batchIndex: -1 } : `nothing waits in subscription ${subscription}`;
  }
  if (config.sourceSubscriptionPosition === 'Earliest') return EARLIEST;
  return `a new subscription begins with what is published from then on (sourceSubscriptionPosition is Latest)`;
};

const show = async ({ record, shaped }: Read, sink: OpenSink, signal: AbortSignal): Promise<SinkPreviewRecord> => {
  const { topic, messageId, key, properties, publishTimeMs, bytes } = record;
  const shown = {
    topic,
    messageId: formatMessageId(messageId),
    ...(key !== undefined && { key: shownText(key) ?? '' }),
    properties: shownProperties(properties),
    publishTimeMs,
    value: shownText(bytes),
  };
  try {
    if (shaped instanceof Error) throw shaped;
    if (!shaped) return { ...shown, write: 'nothing: transformFunctionConfig drops it' };
    const write = await sink.describe?.(shaped, signal);
    if (!sink.describe) return shown;
    return { ...shown, write: shownValue(write) };
  } catch (error) {
    return { ...shown, error: error instanceof Error ? error.message : String(error) };
  }
};
