import type { Checkpoint, CheckpointStore } from '../core/checkpoint.ts';
import type { TransactionalSink } from '../core/connector-type.ts';
import type { Frontier } from '../core/frontier.ts';
import type { SinkProgress } from '../core/progress.ts';
import type { Token } from '../core/token.ts';

/** The frontier of one topic-partition as a run holds it after its fence. */
export interface FrontierHolder {
  /** Frontier as of the fence or the last move. */
  readonly current: Frontier;
  readonly token: Token;
  /** True where the target stores it, in the transaction of the write. */
  readonly isInTarget: boolean;
  /** Stores a later frontier; throws `PIO_FENCED` when a newer run took over. */
  move(to: Frontier, signal: AbortSignal): Promise<void>;
  /** Takes note of a frontier that the target stored together with a write. */
  note(to: Frontier): void;
}

/** A frontier in our own checkpoint store: for targets that have no transactions. */
export const storedFrontier = async (
  store: CheckpointStore,
  uid: string,
  topic: string,
  token: Token,
  initial: Frontier,
  signal: AbortSignal,
): Promise<FrontierHolder> => {
  let held: Checkpoint<SinkProgress> = await store.fence<SinkProgress>(
    uid,
    topic,
    token,
    { frontier: initial },
    undefined,
    signal,
  );
  return {
    token,
    isInTarget: false,
    get current() {
      return held.progress.frontier;
    },
    move: async (to) => {
      held = await store.commit(uid, topic, held, { frontier: to });
    },
    note: () => undefined,
  };
};

/** A frontier in a transactional target: it moves alone, or together with the data. */
export const targetFrontier = async (
  sink: TransactionalSink,
  topic: string,
  token: Token,
  initial: Frontier,
  signal: AbortSignal,
): Promise<FrontierHolder> => {
  let { frontier } = await sink.fence(topic, token, initial, signal);
  return {
    token,
    isInTarget: true,
    get current() {
      return frontier;
    },
    move: async (to, moveSignal) => {
      await sink.transact([], { topic, token, from: frontier, to }, moveSignal);
      frontier = to;
    },
    note: (to) => {
      frontier = to;
    },
  };
};
