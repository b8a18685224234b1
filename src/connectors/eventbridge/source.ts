import { defineQueueSource, type EventRecord, eventbridgeName, type QueueMessage } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { keyText } from '../json-key.ts';
import { checkEventbridge, type EventbridgeConfig, eventbridgeConfig, MAX_REPEAT_MS, rememberMs } from './config.ts';

/**
 * Publishes the events of one `source` of EventBridge, which a rule sends to the function `queue-source`. EventBridge delivers at least once and in no order; the id of an event
 * is the same for each delivery.
 */
export const eventbridgeSource = defineQueueSource<typeof eventbridgeConfig>({
  name: 'eventbridge',
  summary: 'Publishes events of an Amazon EventBridge event bus',
  className: 'pulsar-io-serverless.EventBridgeSource',
  guarantees: GUARANTEES,
  config: eventbridgeConfig,
  check: checkEventbridge,
  isOrdered: () => false,
  rememberMs,
  pollIntervalMs: () => 60_000,
  trigger: ({ eventSource }) => ({
    kind: 'notifications',
    arn: eventbridgeName(eventSource),
    retentionMs: MAX_REPEAT_MS,
  }),
  messagesOf: (event, config) => [messageOf(event, config)],
  // A bus cannot be asked for anything.
  open: async () => ({
    receive: async () => [],
    settle: async () => {},
    extend: async () => {},
    hiddenMs: 0,
    retentionMs: MAX_REPEAT_MS,
    close: async () => {},
  }),
});

/** An event of EventBridge (AWS: "Structure of Amazon EventBridge events"). */
interface BusEvent {
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly time: string;
  readonly account?: unknown;
  readonly region?: unknown;
  readonly detail: Readonly<Record<string, unknown>>;
}

const messageOf = (given: unknown, config: EventbridgeConfig): QueueMessage => {
  const event = readEvent(given, config);
  const id = config.idField === undefined ? event.id : keyText(event.detail, config.idField) || undefined;
  return { record: recordOf(event, config), receipt: event.id, id };
};

const readEvent = (given: unknown, { eventSource }: EventbridgeConfig): BusEvent => {
  const event = (given ?? {}) as Partial<BusEvent>;
  for (const name of ['id', 'detail-type', 'time'] as const)
    if (typeof event[name] !== 'string' || event[name] === '') throw notAnEvent(`it has no ${name}`);
  if (event.source !== eventSource) throw notAnEvent(`its source is not ${eventSource}`);
  if (typeof event.detail !== 'object' || event.detail === null || Array.isArray(event.detail))
    throw notAnEvent('its detail is no object');
  return event as BusEvent;
};

const notAnEvent = (why: string): PulsarIoError =>
  new PulsarIoError('PIO_REQUEST_INVALID', `this is not an event of EventBridge that is wanted here: ${why}`);

const recordOf = (event: BusEvent, { content, keyField }: EventbridgeConfig): EventRecord => {
  const { id, source, 'detail-type': detailType, time, account, region, detail } = event;
  const key = keyField === undefined ? undefined : keyText(detail, keyField);
  const eventTimeMs = Date.parse(time);
  return {
    value: Buffer.from(JSON.stringify(content === 'detail' ? detail : event)),
    properties: {
      ...{ 'eventbridge.id': id, 'eventbridge.source': source, 'eventbridge.detail-type': detailType },
      ...(typeof account === 'string' && { 'eventbridge.account': account }),
      ...(typeof region === 'string' && { 'eventbridge.region': region }),
    },
    ...(key !== undefined && { key }),
    ...(Number.isSafeInteger(eventTimeMs) && { eventTimeMs }),
    ...(keyField !== undefined && key === undefined && { error: noKey(id, keyField) }),
  };
};

const noKey = (id: string, field: string): PulsarIoError =>
  new PulsarIoError(
    'PIO_SOURCE_RECORD_INVALID',
    `the detail of event ${id} has no field ${field} with a text, number or boolean, which is to be the key`,
  );
