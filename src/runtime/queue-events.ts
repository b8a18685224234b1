import type { SQSBatchResponse } from 'aws-lambda';
import { connectorPath, desiredState, type SourceConnector } from '../core/connector.ts';
import type { EventTrigger, QueueMessage, QueueSourceType } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import { NEW_STATUS } from '../core/instance-status.ts';
import { RunCounters } from '../core/run-counters.ts';
import { SecretValues } from '../core/secret-values.ts';
import { inboxPublisher, triggerOf } from '../core/source-runs.ts';
import { routeFailure } from '../delivery/pulsar-failure.ts';
import { queueOrBusArn } from './event-arn.ts';
import { limitPublishing } from './event-source-run.ts';
import { addToStatus } from './event-status.ts';
import { publishMessages, type QueueDelivery, requireEmptyInbox, storeInInbox } from './queue-delivery.ts';
import { requireMemory } from './queue-memory.ts';
import { resolveTypeConfig } from './resolve-type-config.ts';
import type { RunDeps } from './run-deps.ts';
import { wakePublisher } from './wake-publisher.ts';
import { WarmOutputs } from './warm-outputs.ts';

/**
 * Takes the messages of one event that Lambda received from a queue. The answer names those that Lambda is to keep in the queue. Rejects when it cannot be told whose they
 * are, or when none of them is through: Lambda then keeps them all, however it is set up.
 */
export type QueueEvents = (event: unknown, signal: AbortSignal) => Promise<SQSBatchResponse>;

/** Events of all queue sources that Lambda receives for; keeps the producers of those that were called warm. */
export const createQueueEvents = (deps: RunDeps): QueueEvents => {
  const outputs = new WarmOutputs(deps);
  return async (event, signal) => {
    const { connector, type, trigger } = await findSource(event, deps);
    const config = await resolveTypeConfig(type, connector, deps, new SecretValues(), signal);
    const messages = type.messagesOf(event, config);
    const counters = new RunCounters(NEW_STATUS, deps.clock);
    const settled = new Set<string>();
    const delivery: QueueDelivery = {
      connector,
      deps,
      keeper: deps.guarantees.queue[connector.config.processingGuarantees],
      isOrdered: type.isOrdered(config),
      rememberMs: type.rememberMs(config),
      counters,
      signal,
      settle: async (receipts) => {
        for (const receipt of receipts) settled.add(receipt);
      },
    };
    try {
      requireMemory(delivery, type.trigger(config)?.retentionMs ?? 0);
      await deliver(delivery, messages, trigger, outputs);
    } catch (error) {
      counters.systemException(error as Error);
      if (settled.size === 0) throw error;
      deps.log.warn('part of an event failed', { connector: connectorPath(connector.config), error: String(error) });
    } finally {
      await addToStatus(connector, inboxPublisher(connector), counters, deps);
    }
    return answerFor(messages, settled, connector);
  };
};

/** What is not settled is Lambda's to keep. An answer that keeps everything is a failure: a mapping that does not look at answers must not take it for success. */
const answerFor = (
  messages: readonly QueueMessage[],
  settled: ReadonlySet<string>,
  { config }: SourceConnector,
): SQSBatchResponse => {
  const kept = messages.filter(({ receipt }) => !settled.has(receipt));
  if (kept.length < messages.length)
    return { batchItemFailures: kept.map(({ receipt }) => ({ itemIdentifier: receipt })) };
  throw new PulsarIoError(
    'PIO_SOURCE_RECORD_INVALID',
    `none of the ${messages.length} messages of the event could be published by source ${connectorPath(config)}; its status says why`,
  );
};

const deliver = async (
  delivery: QueueDelivery,
  messages: readonly QueueMessage[],
  trigger: EventTrigger,
  outputs: WarmOutputs,
): Promise<void> => {
  const { connector, deps, keeper, signal } = delivery;
  // Whoever notifies does not wait until Pulsar is there again.
  if (!keeper.middleware || trigger.kind === 'notifications') {
    await delivery.settle(await storeInInbox(delivery, messages));
    await wakePublisher(connector, deps);
    return;
  }
  await requireEmptyInbox(delivery).catch(async (error: unknown) => {
    await wakePublisher(connector, deps);
    throw error;
  });
  const opened = await outputs.of(connector, signal);
  using _limit = limitPublishing(opened, deps, signal);
  try {
    await publishMessages(delivery, messages, Object.assign(opened, { deadLetters: undefined }));
  } catch (cause) {
    opened.isOver = true;
    opened.session.destroy();
    throw routeFailure(cause, `publishing to ${connector.config.topicName}`);
  }
};

const findSource = async (
  event: unknown,
  { triggers, registry, catalogue }: RunDeps,
): Promise<{ connector: SourceConnector; type: QueueSourceType; trigger: EventTrigger }> => {
  const arn = queueOrBusArn(event);
  const claim = await triggers.find(arn);
  const connector = claim && (await registry.get(claim.connector))?.connector;
  const type = connector && catalogue.source(connector.type);
  const isOurs = connector?.kind === 'source' && connector.uid === claim?.uid && !connector.deleting;
  const trigger = isOurs ? triggerOf(connector, catalogue) : undefined;
  if (!isOurs || type?.source !== 'queue' || trigger?.arn !== arn)
    throw new PulsarIoError(
      'PIO_NOT_FOUND',
      `no source is triggered by ${arn}; delete its event source mapping, or the rule that sends its events`,
    );
  // Nobody would send a notification again.
  if (trigger.kind !== 'notifications' && desiredState(connector, inboxPublisher(connector)) === 'STOPPED')
    throw new PulsarIoError('PIO_SOURCE_UNAVAILABLE', `source ${connectorPath(connector.config)} is stopped`);
  return { connector, type, trigger };
};
