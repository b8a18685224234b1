import { httpSource } from '../../src/connectors/http/source.ts';
import { sqsSource } from '../../src/connectors/sqs/source.ts';
import type { SourceType } from '../../src/core/connector-type.ts';
import type { EventMappings } from '../../src/core/queue-triggers.ts';
import type { Given } from './judge.ts';
import type { Move } from './judge-moves.ts';
import type { SourceRoute } from './schedule.ts';
import { EventMapping, queueArn } from './simulation/event-mapping.ts';
import type { Process } from './simulation/process.ts';
import { QueueSystem } from './simulation/queue-system.ts';
import { SourceSystem } from './simulation/source-system.ts';
import { WebhookSender } from './simulation/webhook-sender.ts';
import { DESTINATION, type Stage } from './stage.ts';

/** The system before a source: takes records, and tells when all of them are through. */
export interface SourceFeed {
  /** Name of the connector type that brings them, and its configuration. */
  readonly type: string;
  readonly configs: object;
  /** What a source keeps in order when its guarantee keeps an order. */
  readonly order: 'none' | 'key' | 'lane';
  /** The type as a process opens it. */
  typeFor(process: Process): SourceType;
  mappingsFor?(process: Process): EventMappings;
  give(record: { readonly n: number; readonly text: string; readonly key: string | undefined }): Given;
  isThrough(): boolean;
  /** Of a source with positions: where an operator sees its partitions stand, and the place and position `shift` records ahead. */
  seek?(shift: number): readonly (Move & { readonly position: object })[];
}

/** Every so many records one names none, and goes to the output topic. */
const destinationOf = (n: number, destinations: number): { properties?: Record<string, string> } => {
  const which = n % (destinations + 1);
  return which === 0 ? {} : { properties: { to: `${DESTINATION}${which}` } };
};

const logFeed = ({ schedule, operator }: Stage): SourceFeed => {
  const system = new SourceSystem();
  return {
    type: 'log',
    configs: {},
    order: 'lane',
    typeFor: (process) => system.typeFor(process),
    give: ({ n, text, key }) => {
      const lane = `p${n % schedule.sourcePartitions}`;
      const { properties } = destinationOf(n, schedule.destinations);
      system.add(lane, { value: text, ...(key !== undefined && { key }), ...(properties && { properties }) });
      return { text, key: key ?? '', lane, isPoison: false };
    },
    isThrough: () =>
      [...system.partitions].every(([partition, records]) => operator.position(partition) === records.length),
    seek: (shift) =>
      [...system.partitions].map(([lane, records]) => {
        const from = operator.position(lane);
        const to = Math.max(0, Math.min(from + shift, records.length));
        return { lane, from, to, position: { next: to } };
      }),
  };
};

/** Where a queue keeps an order, every message has a group. */
const queueWith = ({ schedule, cloud, operator }: Stage) => {
  const isOrdered = schedule.order !== 'none';
  const queue = new QueueSystem(cloud, isOrdered);
  const feed: Pick<SourceFeed, 'give' | 'isThrough' | 'order'> = {
    order: isOrdered ? 'key' : 'none',
    give: ({ text, key = isOrdered ? 'all' : undefined }) => {
      queue.add(text, { value: text, ...(key !== undefined && { key }) });
      return { text, key: key ?? '', lane: 'queue', isPoison: false };
    },
    isThrough: () => queue.isEmpty && operator.isInboxEmpty,
  };
  return { queue, isOrdered, feed };
};

const queueFeed = (stage: Stage): SourceFeed => {
  const { queue, feed } = queueWith(stage);
  return { ...feed, type: 'queue', configs: {}, typeFor: (process) => queue.typeFor(process) };
};

/** The SQS source itself; the queue, and what Lambda does with it, are simulated. */
const eventFeed = (stage: Stage): SourceFeed => {
  const { queue, isOrdered, feed } = queueWith(stage);
  const { cloud } = stage;
  const mapping = new EventMapping(cloud, queue, cloud.events, isOrdered);
  const queueName = `simulated${isOrdered ? '.fifo' : ''}`;
  return {
    ...feed,
    type: 'sqs',
    configs: { awsRegion: 'us-east-1', queueName, trigger: 'event', queueArn: queueArn(isOrdered) },
    typeFor: () => sqsSource,
    mappingsFor: (process) => mapping.portOf(process),
  };
};

/** The http source itself, and a sender that repeats what was not accepted. Under ATMOST_ONCE it must not repeat what was not answered. */
const webhookFeed = (stage: Stage): SourceFeed => {
  const whenSilent = stage.isEver('ATMOST_ONCE') ? 'give-up' : 'send-again';
  const sender = new WebhookSender<string>(stage.cloud, {
    whenSilent,
    requestOf: (lines) => ({ body: lines.join('\n'), headers: { 'content-type': 'application/x-ndjson' } }),
  });
  return {
    type: 'http',
    configs: { split: 'ndjson' },
    order: 'none',
    typeFor: () => httpSource,
    give: ({ text }) => {
      const line = JSON.stringify(text);
      sender.add(line);
      return { text: line, key: '', lane: 'webhook', isPoison: false };
    },
    isThrough: () => sender.isIdle,
  };
};

/** What is before the source of each route. */
export const SOURCE_FEEDS: Readonly<Record<Exclude<SourceRoute, 'batch'>, (stage: Stage) => SourceFeed>> = {
  log: logFeed,
  queue: queueFeed,
  event: eventFeed,
  webhook: webhookFeed,
};
