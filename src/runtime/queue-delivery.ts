import { concurrently } from '../core/concurrently.ts';
import { connectorPath, type SourceConnector } from '../core/connector.ts';
import type { QueueMessage } from '../core/connector-type.ts';
import { PulsarIoError, toPulsarIoError } from '../core/errors.ts';
import type { InboxMessage, InboxStore } from '../core/inbox.ts';
import { SOURCE_START } from '../core/progress.ts';
import type { RunCounters } from '../core/run-counters.ts';
import type { DeadLetters } from '../delivery/dead-letters.ts';
import { encodeValue } from '../delivery/output-shape.ts';
import type { OutputTopics } from '../delivery/output-topic.ts';
import { type QueueGuarantee, sourcePipeline } from '../delivery/pipeline.ts';
import { leaveFailed } from '../delivery/queue-guarantees.ts';
import type { QueuePort } from '../delivery/queue-port.ts';
import { eventItems, type SourceBatch, type SourceItem, unsettled } from '../delivery/source-batch.ts';
import type { RunDeps } from './run-deps.ts';

/** Messages on their way from a queue, whoever brought them: a run that pulled them, or Lambda with an event. */
export interface QueueDelivery {
  readonly connector: SourceConnector;
  readonly deps: RunDeps;
  readonly keeper: QueueGuarantee;
  readonly isOrdered: boolean;
  /** How long ids are remembered, in milliseconds. */
  readonly rememberMs: number;
  readonly counters: RunCounters;
  readonly signal: AbortSignal;
  /** Tells the queue, or answers Lambda, that these messages are through. */
  settle(receipts: readonly string[]): Promise<void>;
}

/** What messages are published through that do not go through the inbox. */
export interface QueueOutput {
  readonly output: OutputTopics;
  readonly deadLetters: DeadLetters | undefined;
  /** Sequence of the next message: only the order of one producer's sends, not an identity. */
  nextSequence: number;
}

const CLAIMS_AT_ONCE = 32;

/**
 * Throws where older messages of an ordered queue wait in the inbox. To be asked with messages in hand: what was before them in their group was settled by then, and if
 * a run of another guarantee has it, it is in the inbox (docs/decisions/0005).
 */
export const requireEmptyInbox = async ({ connector, deps, isOrdered, signal }: QueueDelivery): Promise<void> => {
  if (!isOrdered || (await deps.inbox.isEmpty(connector.uid, signal))) return;
  const name = connectorPath(connector.config);
  throw new PulsarIoError('PIO_SOURCE_UNAVAILABLE', `older messages of source ${name} are still in its inbox`);
};

/**
 * Stores messages in the inbox, durably; resolves with the receipts that may be settled now, and not before (GUARANTEES rule 36). What cannot be stored stays in the queue:
 * a message without an id, or one that is too large.
 */
export const storeInInbox = async (
  delivery: QueueDelivery,
  messages: readonly QueueMessage[],
): Promise<readonly string[]> => {
  const { connector, deps, counters, isOrdered, signal } = delivery;
  const received = itemsOf(messages, 0);
  const items = [...received.keys()];
  const stored = new Map<SourceItem, InboxMessage>();
  for (const [item, message] of received) {
    try {
      stored.set(item, toInboxMessage(message, deps.inbox));
    } catch (error) {
      item.error = toPulsarIoError(error, 'PIO_SOURCE_RECORD_INVALID', 'storing a queue message');
    }
  }
  leaveFailed({ items, counters, deadLetters: undefined, queue: queuePort(delivery, received) });
  const good = unsettled({ items });
  if (good.length === 0) return [];
  const toStore = good.map((item) => stored.get(item) as InboxMessage);
  await deps.inbox.append(connector.uid, toStore, { ordered: isOrdered }, signal);
  return good.map((item) => messageOf(item, received).receipt);
};

/** Publishes messages straight from the queue, and settles them when their guarantee says so. */
export const publishMessages = async (
  delivery: QueueDelivery,
  messages: readonly QueueMessage[],
  to: QueueOutput,
): Promise<void> => {
  const { connector, keeper, counters, signal } = delivery;
  if (!keeper.middleware) throw new PulsarIoError('PIO_INTERNAL', 'this guarantee goes through the inbox');
  const received = itemsOf(messages, to.nextSequence);
  to.nextSequence += received.size;
  counters.received(received.size);
  if (keeper.remembers) requireIds(received);
  const batch: SourceBatch = {
    sourcePartition: connector.type,
    items: [...received.keys()],
    output: to.output,
    // A queue has no position: what is settled is forgotten there.
    checkpoint: { progress: SOURCE_START, commit: async () => undefined },
    deadLetters: to.deadLetters,
    queue: queuePort(delivery, received),
    counters,
    signal,
  };
  leaveFailed(batch);
  await sourcePipeline(keeper.middleware())(batch);
};

/** Items of one delivery, each with its message. */
type Received = ReadonlyMap<SourceItem, QueueMessage>;

const itemsOf = (messages: readonly QueueMessage[], firstSequence: number): Received => {
  const records = messages.map(({ record }) => record);
  return new Map(eventItems(records, firstSequence).map((item, index) => [item, messages[index] as QueueMessage]));
};

const messageOf = (item: SourceItem, received: Received): QueueMessage => received.get(item) as QueueMessage;

const queuePort = (delivery: QueueDelivery, received: Received): QueuePort => {
  const { connector, deps, isOrdered, rememberMs, signal } = delivery;
  return {
    isOrdered,
    settle: (items) => delivery.settle(items.map((item) => messageOf(item, received).receipt)),
    claim: async (items) => {
      const expiresAtMs = deps.clock.nowMs() + rememberMs;
      const owner = deps.newRunId();
      const seen = new Set<string>();
      const repeated: SourceItem[] = [];
      await concurrently(items, CLAIMS_AT_ONCE, async (item) => {
        const id = messageOf(item, received).id ?? '';
        const isFirst = !seen.has(id);
        seen.add(id);
        if (isFirst && (await deps.inbox.claim(connector.uid, id, owner, expiresAtMs, signal))) return;
        repeated.push(item);
      });
      return repeated;
    },
  };
};

const requireIds = (received: Received): void => {
  for (const [item, { id }] of received) if (id === undefined) item.error = noId();
};

const noId = (): PulsarIoError =>
  new PulsarIoError(
    'PIO_SOURCE_RECORD_INVALID',
    'a queue message has no id by which a repetition could be told: its producer must set what idFrom names, or use ATLEAST_ONCE',
    { disposition: 'retry' },
  );

const toInboxMessage = ({ record, id }: QueueMessage, inbox: InboxStore): InboxMessage => {
  if (record.error) throw record.error;
  if (id === undefined) throw noId();
  const { key, properties, eventTimeMs } = record;
  const message: InboxMessage = {
    id,
    value: encodeValue(record.value),
    ...(key !== undefined && { key }),
    ...(properties && { properties }),
    ...(eventTimeMs !== undefined && { eventTimeMs }),
  };
  if (!inbox.isTooLarge(message)) return message;
  throw new PulsarIoError(
    'PIO_RECORD_TOO_LARGE',
    'a queue message is larger than the inbox takes (350 KB as JSON) and stays in the queue: use ATLEAST_ONCE, or smaller messages',
  );
};
