import { isDeepStrictEqual } from 'node:util';
import { PulsarIoError } from '../core/errors.ts';
import { sourceLettersName } from '../core/names.ts';
import { type AbandonedNames, SOURCE_START, type SourceProgress } from '../core/progress.ts';
import { runtimeOptions } from '../core/runtime-options.ts';
import { readTopicName } from '../core/topic-name.ts';
import { closeNames } from '../delivery/close-names.ts';
import { DeadLetters } from '../delivery/dead-letters.ts';
import { effectivelyOnceSource, tailsOf } from '../delivery/effectively-once-source.ts';
import { openOutputs, partitionsOf, registering } from '../delivery/open-outputs.ts';
import type { OutputShape } from '../delivery/output-shape.ts';
import { OutputTopics } from '../delivery/output-topic.ts';
import { sourcePipeline } from '../delivery/pipeline.ts';
import { releaseDestinations } from '../delivery/release-destinations.ts';
import {
  needsDrain,
  type ResumedOutputs,
  type ResumeOptions,
  requireKnownGeneration,
  resumeOutputs,
} from '../delivery/resume-outputs.ts';
import { SourceCheckpoint } from '../delivery/source-checkpoint.ts';
import { shapeOf, transformConfigOf } from './shape-of.ts';
import { guaranteeOf, type SourcePartitionContext } from './source-partition.ts';
import { pump } from './source-pump.ts';

/**
 * Fences the partition's checkpoint, finds out what was published behind it, and publishes what the source has from there until it has no more or the run is asked to end.
 * Resolves with the number of records read.
 */
export const runSourcePartition = async (context: SourcePartitionContext): Promise<number> => {
  const { deps, connector, session, partition, generation, control } = context;
  const { checkpoints } = deps;
  const held = await checkpoints.fence(
    connector.uid,
    partition,
    context.nextToken(),
    SOURCE_START,
    markDirty(context),
    control.signal,
  );
  const stored = held.before;
  requireKnownGeneration(stored, generation);
  const checkpoint = new SourceCheckpoint(checkpoints, connector.uid, partition, held);
  const partitions = await partitionsOf(session, connector.config.topicName, control.signal);
  if (continues(context, stored, partitions) && (await routesAsBefore(context, stored))) {
    // With nothing in doubt, nothing was counted yet.
    const pin = stored.clean ? await pinned(context, checkpoint) : {};
    if (pin.position) await checkpoint.commit(pin);
    return publishFrom(context, checkpoint, { ...stored, ...(await released(context, checkpoint)) }, partitions);
  }
  if (needsDrain(stored)) await drain(context, stored, checkpoint);
  if (stored.abandoned) await closeAbandoned(context, stored, stored.abandoned);
  await checkpoint.commit({
    ...beginningOf(context, partitions),
    destinations: leftBehind(context, checkpoint.progress),
    ...(await pinned(context, checkpoint)),
  });
  await released(context, checkpoint);
  return publishFrom(context, checkpoint, { ...checkpoint.progress, clean: true }, partitions);
};

/** Lets go of the destinations of earlier generations. */
const released = async (
  { session, connector, partition, control }: SourcePartitionContext,
  checkpoint: SourceCheckpoint,
): Promise<Partial<SourceProgress>> => {
  const left = await releaseDestinations(session, connector.uid, partition, checkpoint.progress, control.signal);
  if (!left) return {};
  await checkpoint.commit({ destinations: left });
  return { destinations: left };
};

/** Where a partition of which nothing was read begins. */
const pinned = async (
  { source, partition, control }: SourcePartitionContext,
  { progress }: SourceCheckpoint,
): Promise<Partial<SourceProgress>> => {
  const position = progress.position === null ? await source.begin?.(partition, control.signal) : undefined;
  return position ? { position } : {};
};

/** A new generation at a drained boundary: nothing is published beyond the position, under whatever name. */
const beginningOf = (context: SourcePartitionContext, partitions: number): Partial<SourceProgress> => ({
  tails: {},
  outputTopic: context.connector.config.topicName,
  abandoned: undefined,
  producerGeneration: context.generation,
  routerPartitions: partitions,
  deadLetterTopic: runtimeOptions(context.connector.config).deadLetterTopic,
  transformConfig: transformConfigOf(context.connector),
  clean: !guaranteeOf(context).resumes,
});

/** Who was frozen when an operator set the position holds names that the new generation does not take over: published under them now, records would come behind those that follow them. */
const closeAbandoned = async (
  { session, connector, partition, control }: SourcePartitionContext,
  { destinations }: SourceProgress,
  names: AbandonedNames,
): Promise<void> => {
  const { uid, config } = connector;
  const { outputTopic = config.topicName } = names;
  const who = { session, uid, sourcePartition: partition, signal: control.signal };
  await closeNames(who, { ...names, outputTopic, destinations });
};

/** Topics that earlier generations published to, an output topic that was changed among them: their guards are to go. */
const leftBehind = (
  { connector }: SourcePartitionContext,
  { destinations = {}, outputTopic, routerPartitions, abandoned }: SourceProgress,
): SourceProgress['destinations'] => {
  const before = outputTopic ?? abandoned?.outputTopic;
  const all = {
    ...destinations,
    ...(before !== undefined && { [before]: abandoned?.routerPartitions ?? routerPartitions }),
  };
  const now = fullNameOf(connector.config.topicName);
  const others = Object.entries(all).filter(([topic]) => fullNameOf(topic) !== now);
  return others.length > 0 || destinations ? Object.fromEntries(others) : undefined;
};

const fullNameOf = (topic: string): string => readTopicName(topic)?.fullName ?? topic;

/** A fence under EFFECTIVELY_ONCE marks the checkpoint dirty in the same write: from now on more may be published than it says. */
const markDirty =
  (context: SourcePartitionContext) =>
  (stored: SourceProgress): SourceProgress =>
    guaranteeOf(context).resumes ? { ...stored, clean: false } : stored;

/** True when this run publishes under the same producer names and routes as the one that left the checkpoint. */
const continues = (context: SourcePartitionContext, stored: SourceProgress, partitions: number): boolean =>
  guaranteeOf(context).resumes &&
  stored.producerGeneration === context.generation &&
  stored.routerPartitions === partitions;

/** False when the partitions of a destination have become more. */
const routesAsBefore = async (
  { session, control }: SourcePartitionContext,
  { destinations = {} }: SourceProgress,
): Promise<boolean> => {
  const now = await Promise.all(Object.keys(destinations).map((topic) => partitionsOf(session, topic, control.signal)));
  return isDeepStrictEqual(now, Object.values(destinations));
};

const publishFrom = async (
  context: SourcePartitionContext,
  checkpoint: SourceCheckpoint,
  stored: SourceProgress,
  partitions: number,
): Promise<number> => {
  const guarantee = guaranteeOf(context);
  if (!guarantee.resumes) {
    const { session, connector, control, deps } = context;
    const shape = await shapeOf(connector, deps);
    const output = await openOutputs(session, connector.config, control.signal, shape, partitions);
    const pipeline = sourcePipeline(guarantee.middleware(undefined));
    const deadLetters = lettersOf(context, checkpoint);
    const read = await pump(context, checkpoint, output, pipeline, deadLetters);
    await deadLetters?.close();
    await Promise.all(output.outputs.map(({ producer }) => producer.close()));
    return read;
  }
  const shape = await shapeOf(context.connector, context.deps);
  const options = resumeOptions(context, checkpoint, stored, context.generation, partitions);
  const resumed = await resume(checkpoint, { ...options, schemaDefinition: shape.schema });
  const output = outputsOf(context, resumed, shape);
  const pipeline = sourcePipeline(guarantee.middleware(resumed));
  const deadLetters = lettersOf(context, checkpoint);
  const read = await pump(context, checkpoint, output, pipeline, deadLetters);
  await deadLetters?.close();
  // Every receipt is in. Clean: nothing is published beyond the position, also by whoever died before us.
  const { sequence } = checkpoint.progress;
  await checkpoint.commit({ clean: resumed.outputs.every((it) => it.trusted && it.lastSequence <= sequence) });
  await resumed.close();
  return read;
};

const outputsOf = (
  { session, control }: SourcePartitionContext,
  resumed: ResumedOutputs,
  shape: OutputShape,
): OutputTopics =>
  new OutputTopics(resumed.home, {
    shape,
    destinations: resumed.destinations,
    open: (topic, room) => resumed.open(topic, room),
    ...registering(session, control.signal),
  });

/**
 * Opens the outputs. Then, before anything is published, the fence is looked at again (docs/decisions/0006); where the broker remembers less than the checkpoint, by a
 * commit of what was found.
 */
const resume = async (checkpoint: SourceCheckpoint, options: ResumeOptions): Promise<ResumedOutputs> => {
  const resumed = await resumeOutputs(options);
  if (resumed.isRemembered) await options.requireHeld();
  else await checkpoint.commit({ tails: tailsOf(resumed.outputs) });
  return resumed;
};

/**
 * Finishes what an effectively-once run of an older generation left in doubt, under its producer names and its routes, up to the last record
 * it may have published or dead-lettered; only then may the meaning of sequences change (GUARANTEES rules 6 and 10).
 */
const drain = async (
  context: SourcePartitionContext,
  stored: SourceProgress,
  checkpoint: SourceCheckpoint,
): Promise<void> => {
  const { producerGeneration, routerPartitions, outputTopic, deadLetterTopic } = stored;
  const options = resumeOptions(context, checkpoint, stored, producerGeneration, routerPartitions, outputTopic);
  const shape = await shapeOf(context.connector, context.deps, stored.transformConfig ?? '');
  const resumed = await resume(checkpoint, { ...options, schemaDefinition: shape.schema });
  const deadLetters = openDeadLetters(context, checkpoint, deadLetterTopic, producerGeneration);
  const held = resumed.outputs.map(({ lastSequence }) => lastSequence);
  const limit = Math.max(...held, (await deadLetters?.lastSequence()) ?? -1);
  if (limit > checkpoint.progress.sequence) {
    const output = outputsOf(context, resumed, shape);
    const pipeline = sourcePipeline(effectivelyOnceSource(resumed));
    await pump(context, checkpoint, output, pipeline, deadLetters, limit);
    requireDrained(context, checkpoint, limit);
  }
  await deadLetters?.close();
  await resumed.close();
};

const requireDrained = (
  { partition, control, isHalted }: SourcePartitionContext,
  { progress }: SourceCheckpoint,
  limit: number,
): void => {
  if (progress.sequence >= limit) return;
  if (control.isStopping || isHalted()) throw new PulsarIoError('PIO_ABORTED', `draining ${partition} was interrupted`);
  throw new PulsarIoError(
    'PIO_PROGRESS_UNCERTAIN',
    `source partition ${partition} was published up to sequence ${limit} before the change of configuration, but now gives nothing between ${progress.sequence} and there; undo the change, or stop this source and PUT its positions to go on from there, or POST to them to read from the start`,
  );
};

const resumeOptions = (
  { session, connector, partition, control, deps }: SourcePartitionContext,
  checkpoint: SourceCheckpoint,
  stored: SourceProgress,
  generation: number,
  partitions: number,
  topic = connector.config.topicName,
): ResumeOptions => ({
  session,
  uid: connector.uid,
  sourcePartition: partition,
  generation,
  topic,
  partitions,
  destinations: stored.destinations ?? {},
  compression: connector.config.producerConfig.compressionType ?? 'LZ4',
  stored,
  signal: control.signal,
  requireHeld: () => checkpoint.requireHeld(control.signal),
  tailStableMs: deps.settings.tailStableMs,
  clock: deps.clock,
  random: deps.random,
});

const lettersOf = (context: SourcePartitionContext, checkpoint: SourceCheckpoint): DeadLetters | undefined => {
  const { deadLetterTopic } = runtimeOptions(context.connector.config);
  return openDeadLetters(context, checkpoint, deadLetterTopic, context.generation);
};

const openDeadLetters = (
  context: SourcePartitionContext,
  checkpoint: SourceCheckpoint,
  topic: string | undefined,
  generation: number,
): DeadLetters | undefined => {
  const { session, connector, partition, control } = context;
  if (!topic) return undefined;
  const { uid } = connector;
  const { signal } = control;
  const named = {
    producerName: sourceLettersName(uid, partition, generation),
    requireHeld: () => checkpoint.requireHeld(signal),
  };
  return new DeadLetters({ session, topic, uid, signal, ...(guaranteeOf(context).resumes && named) });
};
