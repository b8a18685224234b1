import type { Clock } from '../core/clock.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { MessageIdParts } from '../core/message-id.ts';
import type { Compression, MessagingConsumer, MessagingProducer, MessagingSession } from '../core/messaging.ts';
import { guardSubscription, producerName } from '../core/names.ts';
import type { PublishedTail, SourceProgress } from '../core/progress.ts';
import type { SchemaDefinition } from '../core/schema/definition.ts';
import { requireDeduplication } from './deduplication.ts';
import { partitionsOf } from './open-outputs.ts';
import { concreteTopics, type OpenedTopic, type Output, requireRoom } from './output-topic.ts';
import { routeFailure } from './pulsar-failure.ts';
import { scanTail } from './scan-tail.ts';

/** Whose output is opened, and what the checkpoint said before this run's fence. */
export interface ResumeOptions {
  readonly session: MessagingSession;
  readonly uid: string;
  readonly sourcePartition: string;
  readonly generation: number;
  readonly topic: string;
  readonly partitions: number;
  /** Partitions of the destinations that this generation publishes to already, by name. */
  readonly destinations: Readonly<Record<string, number>>;
  readonly compression: Compression;
  /** Registered with the topic. */
  readonly schemaDefinition?: SchemaDefinition | undefined;
  readonly stored: SourceProgress;
  readonly signal: AbortSignal;
  /** Throws when a newer run fenced this one: to be asked each time when a name was registered, before anything is published under it. */
  requireHeld(): Promise<void>;
  /** How long no entry of ours must have come before a tail scan believes the end of a topic, in milliseconds (rule 7). */
  readonly tailStableMs: number;
  readonly clock: Clock;
  /** From 0 to less than 1: names readers that nobody else must have. */
  readonly random: () => number;
}

interface Guarded extends Output {
  readonly guard: MessagingConsumer;
  readonly storedTail: PublishedTail;
  /** True when the broker remembers at least what the checkpoint says. */
  readonly isRemembered: boolean;
  verified: boolean;
}

interface ResumedTopic extends OpenedTopic {
  readonly outputs: readonly Guarded[];
}

/** Output topics opened for EFFECTIVELY_ONCE (EO-SOURCE step 3): L of each is known, and whether it may be trusted. */
export class ResumedOutputs {
  readonly home: OpenedTopic;
  readonly destinations: ReadonlyMap<string, OpenedTopic>;
  readonly #guarded: Guarded[];
  readonly #options: ResumeOptions;

  constructor(home: ResumedTopic, destinations: ReadonlyMap<string, ResumedTopic>, options: ResumeOptions) {
    this.home = home;
    this.destinations = destinations;
    this.#guarded = [home, ...destinations.values()].flatMap(({ outputs }) => outputs);
    this.#options = options;
  }

  /** All that are open. */
  get outputs(): readonly Output[] {
    return this.#guarded;
  }

  /**
   * Opens a destination that this generation did not publish to before; what runs of it published to is in the checkpoint. The fence is looked at behind the names, as for
   * those (docs/decisions/0006).
   */
  async open(topic: string, room: number): Promise<OpenedTopic> {
    const partitions = await partitionsOf(this.#options.session, topic, this.#options.signal);
    requireRoom(partitions, room);
    const opened = await resumeTopic(topic, partitions, this.#options);
    await this.#options.requireHeld();
    // Whatever the broker knows of the name is settled; that this generation goes there is to be written down first.
    for (const output of opened.outputs) output.isUsed = false;
    this.#guarded.push(...opened.outputs);
    return opened;
  }

  /**
   * False: the broker knows less than the checkpoint, and what was found must be committed before the first entry. That proves that nobody fenced
   * meanwhile: a run that slept before it registered its names finds an empty memory also where a successor
   * published and was forgotten. From here on nobody publishes unseen, for a newer run closes these producers before its first entry.
   */
  get isRemembered(): boolean {
    return this.#guarded.every(({ isRemembered }) => isRemembered);
  }

  /**
   * Moves the guards up to what is checkpointed, without waiting, and checks once per topic that the broker deduplicates. The checkpointed entry itself
   * stays guarded: a tail scan proves that it is complete by finding it.
   */
  async afterCommit(): Promise<void> {
    for (const output of this.#guarded) {
      // Nothing of this run: the broker may have forgotten what earlier ones published.
      if (!output.messageId || output.messageId === output.storedTail.messageId) continue;
      void output.guard.ackCumulative(entryBefore(output.messageId)).catch(() => undefined);
      if (output.verified) continue;
      const { session, signal } = this.#options;
      await requireDeduplication(session, output, this.#options, signal);
      await this.#options.requireHeld();
      output.verified = true;
    }
  }

  /** Closes producers and guards. */
  async close(): Promise<void> {
    await Promise.all(this.#guarded.flatMap(({ producer, guard }) => [producer.close(), guard.close()]));
  }
}

const entryBefore = ({ ledgerId, entryId }: MessageIdParts): MessageIdParts => ({
  ledgerId,
  entryId: entryId - 1,
  batchIndex: -1,
});

/**
 * Registers the producers and finds out what each concrete topic holds; throws what `scanTail` throws when that cannot be told. Whoever fences us from here on finds the
 * names taken, and what we published under them; whoever did so before may have gone on under other names: look at the fence before publishing (docs/decisions/0006).
 */
export const resumeOutputs = async (options: ResumeOptions): Promise<ResumedOutputs> => {
  const all = [[options.topic, options.partitions] as const, ...Object.entries(options.destinations)];
  const opened = await Promise.all(
    all.map(async ([topic, partitions]) => [topic, await resumeTopic(topic, partitions, options)] as const),
  );
  const [[, home], ...destinations] = opened as [(typeof opened)[0], ...typeof opened];
  return new ResumedOutputs(home, new Map(destinations), options);
};

const resumeTopic = async (topic: string, partitions: number, options: ResumeOptions): Promise<ResumedTopic> => ({
  outputs: await Promise.all(concreteTopics(topic, partitions).map((concrete) => resumeOutput(concrete, options))),
  partitions,
});

const resumeOutput = async (topic: string, options: ResumeOptions): Promise<Guarded> => {
  const { session, uid, sourcePartition, generation, stored, signal, compression, schemaDefinition } = options;
  const name = producerName(uid, sourcePartition, generation);
  try {
    const guard = await session.consumer({
      topic,
      subscription: guardSubscription(uid, sourcePartition),
      subscriptionType: 'Failover',
      initialPosition: 'Latest',
      receiverQueueSize: 0,
      signal,
    });
    const producer = await session.producer({ topic, producerName: name, compression, schemaDefinition, signal });
    const named = producer.lastSequenceId;
    const storedTail = stored.tails[topic] ?? (await startOf(guard, signal));
    const isUsed = stored.tails[topic] !== undefined || named >= 0;
    return {
      topic,
      producer,
      guard,
      storedTail,
      messageId: storedTail.messageId,
      isUsed,
      isRemembered: !isUsed || (named >= 0 && named >= storedTail.sequence),
      verified: named >= 0,
      ...(await findHeld(topic, producer, guard, options)),
    };
  } catch (cause) {
    throw routeFailure(cause, `opening producer ${name} on ${topic}`);
  }
};

/** Where the guard of a new generation stands: whatever is published from now on lies behind it. */
const startOf = async (guard: MessagingConsumer, signal: AbortSignal): Promise<PublishedTail> => {
  const { markDelete, last } = await guard.lastMessageId(signal);
  return { sequence: -1, messageId: markDelete ?? last };
};

const findHeld = async (
  topic: string,
  producer: MessagingProducer,
  guard: MessagingConsumer,
  options: ResumeOptions,
): Promise<{ lastSequence: number; trusted: boolean }> => {
  const { stored } = options;
  const tail = stored.tails[topic];
  const storedSequence = tail?.sequence ?? -1;
  const named = producer.lastSequenceId;
  const isSettledThere = named <= stored.sequence;
  // A clean mark: all that was ever published lies at or below the position, whatever name and partition it went to.
  if (stored.clean && isSettledThere) return { lastSequence: Math.max(named, storedSequence), trusted: true };
  // Up to the position every record had its receipt, also one whose tail was not written down yet.
  if (named > storedSequence) return { lastSequence: named, trusted: isSettledThere };
  if (stored.clean || (named === storedSequence && named >= 0)) return { lastSequence: storedSequence, trusted: true };
  // Where a generation begins in a topic is written down before its first entry there.
  if (!tail) return { lastSequence: -1, trusted: true };
  const found = await scanTail(topic, producer.name, guard, tail, options);
  return { lastSequence: Math.max(storedSequence, found), trusted: true };
};

/** True when this checkpoint was left by an effectively-once run that may have published more than it says. */
export const needsDrain = (stored: SourceProgress): boolean => !stored.clean && stored.producerGeneration > 0;

/** Refuses to go on where the stored generation is newer than ours: an older run would undo it. */
export const requireKnownGeneration = (stored: SourceProgress, generation: number): void => {
  if (stored.producerGeneration <= generation) return;
  throw new PulsarIoError(
    'PIO_FENCED',
    `generation ${stored.producerGeneration} published already, this run is of ${generation}`,
  );
};
