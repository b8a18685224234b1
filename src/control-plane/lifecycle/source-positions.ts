import { Check } from '@sinclair/typebox/value';
import type { Connector } from '../../core/connector.ts';
import type { LogSourceType } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { Position } from '../../core/position.ts';
import { type AbandonedNames, SOURCE_START, type SourceProgress } from '../../core/progress.ts';
import { schemaProblems } from '../../core/schema-problems.ts';
import { isServedTimes } from '../../core/served-times.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';

/** Where a source partition stands, as GET shows it. */
export interface SourcePartitionView {
  readonly partition: string;
  /** null: at its start. */
  readonly position: Position | null;
  readonly sequence: number;
  /** False while records behind the position may be published already. */
  readonly clean: boolean;
}

/** Longest name of a source partition. */
const MAX_PARTITION_CHARACTERS = 1_024;

/** Positions of all source partitions that a run has seen. */
export const viewSourcePositions = async (
  { deps, signal }: Call,
  { uid, generation }: Connector,
): Promise<{ generation: number; partitions: SourcePartitionView[] }> => {
  const names = (await deps.checkpoints.list(uid, signal)).filter((name) => !isServedTimes(name));
  const partitions = await inParallel(names, async (partition) => {
    const stored = await deps.checkpoints.read<SourceProgress>(uid, partition, signal);
    const { position, sequence, clean } = stored?.progress ?? SOURCE_START;
    return { partition, position, sequence, clean };
  });
  return { generation, partitions };
};

/** Checks positions against the type's own schema; null is a partition's start. Throws `PIO_REQUEST_INVALID` with every problem of the first that is wrong. */
export const checkPositions = (
  { name, position: schema }: LogSourceType,
  given: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, Position | null> => {
  for (const [partition, position] of given) {
    if (partition.length > MAX_PARTITION_CHARACTERS) {
      throw new PulsarIoError(
        'PIO_REQUEST_INVALID',
        `A partition's name has at most ${MAX_PARTITION_CHARACTERS} characters`,
      );
    }
    if (position === null || Check(schema, position)) continue;
    throw new PulsarIoError(
      'PIO_REQUEST_INVALID',
      `The position of ${partition} is none of a ${name} source: ${schemaProblems(schema, position)}; null is its start`,
    );
  }
  return given as ReadonlyMap<string, Position | null>;
};

/** Those of an earlier position that no run took up yet are still to be closed. */
const abandonedOf = (stored: SourceProgress): AbandonedNames | undefined => {
  const { producerGeneration, routerPartitions, outputTopic, deadLetterTopic } = stored;
  if (producerGeneration === 0) return stored.abandoned;
  return { producerGeneration, routerPartitions, outputTopic, deadLetterTopic };
};

/**
 * Stores positions with the token of a generation that is newer than every run's. Nothing is in doubt behind them: the next run publishes under
 * new producer names, once it closed the old ones. Throws `PIO_FENCED` when the source was started meanwhile.
 */
export const setSourcePositions = async (
  { deps, signal }: Call,
  { uid, generation }: Connector,
  positions: ReadonlyMap<string, Position | null>,
): Promise<void> => {
  await inParallel([...positions], async ([partition, position]) => {
    const moved = (stored: SourceProgress): SourceProgress => ({
      ...SOURCE_START,
      destinations: stored.destinations,
      abandoned: abandonedOf(stored),
      position,
    });
    await deps.checkpoints.fence(uid, partition, { generation, epoch: 0 }, SOURCE_START, moved, signal);
  });
};
