import { after } from '../core/clock.ts';
import type { OpenQueueSource, QueueMessage, QueueSourceType } from '../core/connector-type.ts';
import { runtimeOptions } from '../core/runtime-options.ts';
import { inboxPublisher } from '../core/source-runs.ts';
import { DeadLetters } from '../delivery/dead-letters.ts';
import { openOutputs } from '../delivery/open-outputs.ts';
import type { QueueGuarantee } from '../delivery/pipeline.ts';
import { InboxLog } from './inbox-log.ts';
import { openContext } from './open-context.ts';
import {
  publishMessages,
  type QueueDelivery,
  type QueueOutput,
  requireEmptyInbox,
  storeInInbox,
} from './queue-delivery.ts';
import { requireMemory } from './queue-memory.ts';
import { readPartitions, type SourceContext } from './read-partitions.ts';
import { resolveTypeConfig } from './resolve-type-config.ts';
import type { WorkEnd } from './run-deps.ts';
import { shapeOf } from './shape-of.ts';
import { untilIdle } from './until-idle.ts';

/** The wait for a first message. A run that is asked to end lasts that much longer, instead of dropping an answer on its way, whose messages would stay hidden. */
const RECEIVE_WAIT_MS = 1_000;

interface QueueContext extends SourceContext {
  readonly type: QueueSourceType;
  readonly config: never;
  readonly keeper: QueueGuarantee;
}

/**
 * The work of a queue source's run. Every instance receives; under EFFECTIVELY_ONCE into the inbox, which one instance publishes. What an earlier guarantee left in the
 * inbox is published first. A queue that Lambda calls us for is not received from here.
 */
export const queueWork = async (source: SourceContext, type: QueueSourceType): Promise<WorkEnd> => {
  const { connector, deps, instance } = source;
  const { processingGuarantees } = connector.config;
  const config = await resolveTypeConfig(type, connector, deps, source.secrets, source.control.signal);
  const context = { ...source, type, config, keeper: deps.guarantees.queue[processingGuarantees] };
  const isPublisher = inboxPublisher(connector) === instance;
  if (type.trigger(config)) return isPublisher ? publishInbox(context) : { end: 'idle' };
  const queue = await type.open(config, openContext(context));
  try {
    requireMemory(deliveryOf(context, queue), queue.retentionMs);
    if (!context.keeper.middleware) return await throughInbox(context, queue, isPublisher);
    if (!(await deps.inbox.isEmpty(connector.uid, source.control.signal))) {
      if (isPublisher) await publishInbox(context);
      // Its messages are older, and another instance publishes them.
      else if (type.isOrdered(config)) return { end: 'idle', nextRunInMs: RECEIVE_WAIT_MS };
    }
    return await publishDirectly(context, queue);
  } finally {
    await queue.close();
  }
};

const publishInbox = async (context: QueueContext): Promise<WorkEnd> => {
  await readPartitions(
    context,
    inboxLog(context, async () => 0),
  );
  return { end: context.control.isStopping ? 'stopped' : 'idle' };
};

const throughInbox = async (context: QueueContext, queue: OpenQueueSource, isPublisher: boolean): Promise<WorkEnd> => {
  const delivery = deliveryOf(context, queue);
  let settling: Promise<void> = Promise.resolve();
  // What is stored is published while it is settled.
  const fill = async (): Promise<number> => {
    await settling;
    const messages = await receive(context, queue);
    const receipts = messages.length > 0 ? await storeInInbox(delivery, messages) : [];
    if (receipts.length > 0) settling = delivery.settle(receipts);
    settling.catch(() => undefined);
    return messages.length;
  };
  const pollMs = context.type.pollIntervalMs(context.config);
  const log = inboxLog(context, fill);
  const end = await untilIdle(context, pollMs, () =>
    isPublisher ? readPartitions(context, log) : untilEmpty(context, fill),
  );
  await settling;
  return end;
};

const inboxLog = ({ connector, deps, type, config }: QueueContext, fill: () => Promise<number>): InboxLog =>
  new InboxLog({
    inbox: deps.inbox,
    uid: connector.uid,
    clock: deps.clock,
    rememberMs: type.rememberMs(config),
    fill,
  });

const publishDirectly = async (context: QueueContext, queue: OpenQueueSource): Promise<WorkEnd> => {
  const { deps, session, connector, control, type, config, pace } = context;
  const output = await openOutputs(session, connector.config, control.signal, await shapeOf(connector, deps));
  const { deadLetterTopic } = runtimeOptions(connector.config);
  const deadLetters = deadLetterTopic
    ? new DeadLetters({ session, topic: deadLetterTopic, uid: connector.uid, signal: control.signal })
    : undefined;
  const to: QueueOutput = { output, deadLetters, nextSequence: 0 };
  const one = async (): Promise<number> => {
    const messages = await receive(context, queue);
    if (messages.length === 0) return 0;
    const begunMs = deps.clock.monotonicMs();
    await publishHidden(context, queue, messages, to);
    await pace.spent(messages.length, deps.clock.monotonicMs() - begunMs, control.stopSignal);
    return messages.length;
  };
  const end = await untilIdle(context, type.pollIntervalMs(config), () => untilEmpty(context, one));
  await deadLetters?.close();
  return end;
};

const deliveryOf = (context: QueueContext, queue: OpenQueueSource): QueueDelivery => {
  const { connector, deps, keeper, counters, type, config, control } = context;
  return {
    connector,
    deps,
    keeper,
    isOrdered: type.isOrdered(config),
    rememberMs: type.rememberMs(config),
    counters,
    signal: control.signal,
    settle: (receipts) => queue.settle(receipts, control.signal),
  };
};

/** While they are published, their queue hides the messages from others. */
const publishHidden = async (
  context: QueueContext,
  queue: OpenQueueSource,
  messages: readonly QueueMessage[],
  to: QueueOutput,
): Promise<void> => {
  using _hidden = keepHidden(queue, messages, context.deps, context.control.signal);
  const delivery = deliveryOf(context, queue);
  await requireEmptyInbox(delivery);
  await publishMessages(delivery, messages, to);
};

const receive = ({ deps, control, pace }: SourceContext, queue: OpenQueueSource): Promise<readonly QueueMessage[]> =>
  control.isStopping
    ? Promise.resolve([])
    : queue.receive(pace.batchRecords(deps.settings.maxBatchRecords), RECEIVE_WAIT_MS, control.signal);

const untilEmpty = async ({ control }: SourceContext, one: () => Promise<number>): Promise<number> => {
  let all = 0;
  while (!control.isStopping) {
    const moved = await one();
    if (moved === 0) break;
    all += moved;
  }
  return all;
};

/** Hides messages again and again while they are worked on: others would repeat them. */
const keepHidden = (
  queue: OpenQueueSource,
  messages: readonly QueueMessage[],
  { clock, log }: SourceContext['deps'],
  signal: AbortSignal,
): Disposable => {
  const receipts = messages.map(({ receipt }) => receipt);
  let timer: Disposable | undefined;
  const arm = (): void => {
    timer = after(clock, queue.hiddenMs / 2, () => {
      queue
        .extend(receipts, signal)
        .catch((error: unknown) => log.warn('messages may show again', { error: String(error) }));
      arm();
    });
  };
  arm();
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
};
