import { PulsarIoError } from '../core/errors.ts';
import { formatMessageId } from '../core/message-id.ts';
import type { OutgoingMessage } from '../core/messaging.ts';
import type { SinkRecord } from '../core/record.ts';
import type { DeadLetters } from './dead-letters.ts';
import { encodeValue } from './output-shape.ts';
import type { SinkBatch, SinkItem } from './sink-batch.ts';
import type { SourceBatch, SourceItem } from './source-batch.ts';

/** Properties that a dead letter carries besides the record's own; the first three are Pulsar's (`RetryMessageUtil`). */
export const LETTER = {
  originMessageId: 'ORIGIN_MESSAGE_ID',
  realTopic: 'REAL_TOPIC',
  realSubscription: 'REAL_SUBSCRIPTION',
  /** Uid of the connector. */
  uid: 'pulsar-io.uid',
  /** Code of the failure, and its message. */
  errorCode: 'pulsar-io.error',
  reason: 'pulsar-io.reason',
  /** Failed writes. */
  attempts: 'pulsar-io.attempts',
  version: 'pulsar-io.version',
  publishTime: 'pulsar-io.publish-time',
  /** Version of the input's schema, in hexadecimal, and whether the key is base64 text: what the bytes are read by when the letter is sent back. */
  schemaVersion: 'pulsar-io.schema-version',
  keyBase64: 'pulsar-io.key-base64',
  sourcePartition: 'pulsar-io.source-partition',
  sequence: 'pulsar-io.sequence',
  position: 'pulsar-io.position',
  truncatedFrom: 'pulsar-io.truncated-from-bytes',
  /** How many of the record's own properties were left out or cut, because the letter was too large with them. */
  propertiesCut: 'pulsar-io.properties-cut',
} as const;

const MAX_REASON_CHARACTERS = 500;
/** What is kept of a record's own properties in a letter that is too large with all of them. */
const KEPT_PROPERTIES = 20;
const KEPT_CHARACTERS = 200;

type Properties = Readonly<Record<string, string>>;

/** What says why; the messages of our errors carry no payload. */
const whyOf = (uid: string, error: PulsarIoError | undefined): Properties => ({
  [LETTER.uid]: uid,
  [LETTER.errorCode]: error?.code ?? 'PIO_INTERNAL',
  [LETTER.reason]: (error?.message ?? '').slice(0, MAX_REASON_CHARACTERS),
});

/** The letter of a sink record: its own payload, key and properties, where it came from and why it was not written. */
export const sinkLetter = (uid: string, subscription: string, topic: string, item: SinkItem): OutgoingMessage => {
  const { record, original } = item;
  return {
    value: record.bytes,
    // The version rises along the log and a replay gives the same one: a sequence as rule 38 wants it.
    sequenceId: record.version,
    ...(record.key !== undefined && { key: record.key }),
    ...(record.eventTimeMs !== undefined && { eventTimeMs: record.eventTimeMs }),
    properties: original ? againProperties(uid, item) : firstProperties(uid, subscription, topic, item),
  };
};

/** A letter that was sent back keeps where it came from; why it fails now replaces why it failed then, unless it only waits for another. */
const againProperties = (uid: string, { record, error, lastError, attempts }: SinkItem): Properties =>
  error?.code === 'PIO_KEY_PARKED'
    ? record.properties
    : { ...record.properties, ...whyOf(uid, error ?? lastError), [LETTER.attempts]: String(attempts) };

const firstProperties = (
  uid: string,
  subscription: string,
  topic: string,
  { record, error, lastError, attempts }: SinkItem,
): Properties => ({
  ...record.properties,
  [LETTER.originMessageId]: formatMessageId(record.messageId),
  [LETTER.realTopic]: topic,
  [LETTER.realSubscription]: subscription,
  ...whyOf(uid, error ?? lastError),
  [LETTER.attempts]: String(attempts),
  [LETTER.version]: String(record.version),
  [LETTER.publishTime]: String(record.publishTimeMs),
  ...(record.schemaVersion && { [LETTER.schemaVersion]: Buffer.from(record.schemaVersion).toString('hex') }),
  ...(record.isKeyBase64 && { [LETTER.keyBase64]: 'true' }),
});

/** What a letter was before: topic, id, version, time and properties of the record from the input. */
export const originalOf = ({
  properties,
  version,
  publishTimeMs,
  messageId,
}: SinkRecord): NonNullable<SinkItem['original']> => {
  const [ledgerId = messageId.ledgerId, entryId = messageId.entryId, batchIndex = -1] = (
    properties[LETTER.originMessageId] ?? ''
  )
    .split(':')
    .filter((part) => part !== '')
    .map(Number);
  return {
    topic: properties[LETTER.realTopic] ?? '',
    messageId: { ledgerId, entryId, batchIndex },
    version: Number(properties[LETTER.version] ?? version),
    publishTimeMs: Number(properties[LETTER.publishTime] ?? publishTimeMs),
    ...(properties[LETTER.schemaVersion] && {
      schemaVersion: Buffer.from(properties[LETTER.schemaVersion] ?? '', 'hex'),
    }),
    ...(properties[LETTER.keyBase64] && { isKeyBase64: true }),
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !isOurs(name))),
  };
};

/** Publishes the letter of a sink record: as it is, else with its own properties cut. Never without its payload: nothing else keeps that. */
export const publishSinkLetter = async (
  letters: DeadLetters,
  { topic }: SinkBatch,
  item: SinkItem,
  letter: OutgoingMessage,
): Promise<void> => {
  const cut = { ...letter, properties: withCutProperties(letter.properties ?? {}, item.record.properties) };
  await publishFirstThatFits(letters, [letter, cut], `message ${formatMessageId(item.record.messageId)} of ${topic}`);
};

/** Only of its own properties something is cut: what says where it came from and why stays. */
const withCutProperties = (all: Properties, own: Properties): Properties => {
  const kept = Object.entries(all).filter(([name]) => !Object.hasOwn(own, name) || isOurs(name));
  const cut = Object.entries(own)
    .filter(([name]) => !isOurs(name))
    .slice(0, KEPT_PROPERTIES)
    .map(([name, value]) => [name.slice(0, KEPT_CHARACTERS), value.slice(0, KEPT_CHARACTERS)] as const);
  return { ...Object.fromEntries([...cut, ...kept]), [LETTER.propertiesCut]: String(Object.keys(own).length) };
};

const OUR_NAMES: ReadonlySet<string> = new Set(Object.values(LETTER));

/** True for a property that is ours, not the record's. */
export const isOurs = (name: string): boolean => OUR_NAMES.has(name);

const publishFirstThatFits = async (
  letters: DeadLetters,
  forms: readonly OutgoingMessage[],
  what: string,
): Promise<void> => {
  for (const form of forms) {
    try {
      return await letters.publish(form);
    } catch (error) {
      if (!(error instanceof PulsarIoError) || error.code !== 'PIO_RECORD_TOO_LARGE') throw error;
    }
  }
  throw new PulsarIoError(
    'PIO_RECORD_TOO_LARGE',
    `the dead letter of ${what} is larger than ${letters.topic} takes: allow larger messages there and restart, or pass the record by with PUT positions`,
    { disposition: 'fatal' },
  );
};

/** A source letter keeps so much of the payload, and of what the broker takes; the source still has all of it at the position named. */
const MAX_LETTER_BYTES = 1024 * 1024;
const LETTER_FILL = 0.5;

/** Publishes the letter of a source record: with its payload as far as it fits, else also with its own properties cut and without its key. */
export const publishSourceLetter = async (
  letters: DeadLetters,
  batch: SourceBatch,
  item: SourceItem,
): Promise<void> => {
  const { record } = item;
  const letter = sourceLetter(letters.uid, batch, item, await letters.maxMessageBytes());
  const { key: _, ...cut } = {
    ...letter,
    properties: withCutProperties(letter.properties ?? {}, record.properties ?? {}),
  };
  const what = `the record with sequence ${record.sequence} of source partition ${batch.sourcePartition}`;
  await publishFirstThatFits(letters, [letter, cut], what);
};

const sourceLetter = (
  uid: string,
  batch: SourceBatch,
  { record, message, error }: SourceItem,
  maxMessageBytes: number,
): OutgoingMessage => {
  const value = message?.value ?? safeEncode(record.value);
  const maxBytes = Math.min(MAX_LETTER_BYTES, Math.floor(maxMessageBytes * LETTER_FILL));
  const fits = value === null || value.byteLength <= maxBytes;
  return {
    value: fits ? value : value.subarray(0, maxBytes),
    sequenceId: record.sequence,
    ...(record.key !== undefined && { key: record.key }),
    properties: {
      ...record.properties,
      [LETTER.sourcePartition]: batch.sourcePartition,
      ...whyOf(uid, error),
      [LETTER.sequence]: String(record.sequence),
      [LETTER.position]: JSON.stringify(record.position),
      ...(!fits && { [LETTER.truncatedFrom]: String(value.byteLength) }),
    },
  };
};

const safeEncode = (value: unknown): Uint8Array | null => {
  try {
    return encodeValue(value);
  } catch {
    return null;
  }
};
