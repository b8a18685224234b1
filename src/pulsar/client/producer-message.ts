import type { UnnumberedMessage } from './batcher.ts';
import { bytesOption, propertiesOption, wholeOption } from './option-values.ts';

/** What `Producer.send` takes, as in npm `pulsar-client`. */
export interface ProducerMessage {
  /** null (an addition) sends a null value. */
  data: Uint8Array | null;
  properties?: Record<string, string>;
  eventTimestamp?: number;
  sequenceId?: number;
  partitionKey?: string;
  orderingKey?: string;
  replicationClusters?: string[];
  deliverAfter?: number;
  deliverAt?: number;
  disableReplication?: boolean;
}

/** An addition: a message whose bytes follow from its value and the producer's schema; null sends a null value. */
export interface ValueMessage extends Omit<ProducerMessage, 'data'> {
  value: unknown;
  data?: undefined;
}

const EMPTY = Buffer.alloc(0);
const NOWHERE = ['__local__'];

function replicateTo({
  replicationClusters,
  disableReplication,
}: ProducerMessage | ValueMessage): readonly string[] | undefined {
  const clusters = Array.isArray(replicationClusters) ? replicationClusters.map(String) : undefined;
  return disableReplication === true || clusters?.length === 0 ? NOWHERE : clusters;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function deliverAtMs({ deliverAt, deliverAfter }: ProducerMessage | ValueMessage): number | undefined {
  const after = wholeOption(deliverAfter);
  return wholeOption(deliverAt) ?? (after === undefined ? undefined : Date.now() + after);
}

/** A message with what is of a wrong type left out, as in npm `pulsar-client`. */
export function outgoingMessage(message: ProducerMessage | ValueMessage): UnnumberedMessage {
  const { data, eventTimestamp, orderingKey, partitionKey, properties, sequenceId } = message;
  return {
    value: data === null ? null : (bytesOption(data) ?? EMPTY),
    key: isText(partitionKey) ? partitionKey : undefined,
    orderingKey: isText(orderingKey) ? Buffer.from(orderingKey) : undefined,
    properties: properties ? propertiesOption(properties) : undefined,
    eventTimeMs: wholeOption(eventTimestamp) || undefined,
    deliverAtMs: deliverAtMs(message),
    replicateTo: replicateTo(message),
    sequenceId: wholeOption(sequenceId),
  };
}
