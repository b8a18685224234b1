import type { Frontier } from './frontier.ts';
import type { MessageIdParts } from './message-id.ts';
import type { Position } from './position.ts';

/** What was published to one output topic-partition, as of a checkpoint. */
export interface PublishedTail {
  /** Highest sequence with a receipt; -1: nothing had been published there when the generation began. */
  readonly sequence: number;
  /** Message id of that entry, or where the topic's guard began: a tail scan starts here (GUARANTEES rule 7). */
  readonly messageId: MessageIdParts | null;
}

/** Progress of one source partition. */
export interface SourceProgress {
  /** Where to resume; null: from the start. */
  readonly position: Position | null;
  /** Sequence of the record before that position: an integer rank of the position (rule 20). -1: none. */
  readonly sequence: number;
  /** EFFECTIVELY_ONCE only: what each output topic-partition holds beyond or up to `sequence`. */
  readonly tails: Readonly<Record<string, PublishedTail>>;
  /** Number of partitions of each topic that records named as their destination, as this generation routes there; 0: not partitioned. Those without tails are only to be cleaned up. */
  readonly destinations?: Readonly<Record<string, number>> | undefined;
  /** Number of partitions of the output topic that the router of this generation used; 0: not partitioned. */
  readonly routerPartitions: number;
  /** Generation of the producer names that published these tails. */
  readonly producerGeneration: number;
  /** EFFECTIVELY_ONCE only: the output topic of that generation; absent: the one that is configured. */
  readonly outputTopic?: string | undefined;
  /** EFFECTIVELY_ONCE only: where that generation sends its dead letters; absent: nowhere. */
  readonly deadLetterTopic?: string | undefined;
  /** EFFECTIVELY_ONCE only: the transformation of that generation, as JSON text: what is in doubt is published as it was, or dropped as it was. */
  readonly transformConfig?: string | undefined;
  /** Names that an operator left behind by setting the position: a run that is only frozen may still publish under them. */
  readonly abandoned?: AbandonedNames | undefined;
  /** True when no entry was outstanding at the last write: the next run may trust `tails` as they are. */
  readonly clean: boolean;
}

/** Where a generation published, and sent its dead letters, besides the destinations of the same checkpoint. */
export type AbandonedNames = Pick<
  SourceProgress,
  'producerGeneration' | 'routerPartitions' | 'outputTopic' | 'deadLetterTopic'
>;

/** Progress of one source partition before the first run. */
export const SOURCE_START: SourceProgress = {
  position: null,
  sequence: -1,
  tails: {},
  routerPartitions: 0,
  producerGeneration: 0,
  clean: true,
};

/** Progress of one topic-partition of a sink whose frontier is kept in our own store (versioned and ATMOST_ONCE). */
export interface SinkProgress {
  readonly frontier: Frontier;
}
