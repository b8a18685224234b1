import type { Connector, SinkConfig } from './connector.ts';
import { flowOptions } from './flow-options.ts';

/** How many instances of a connector are to run, by what waits for it. */
export interface Scale {
  /** So many are wanted whatever waits. */
  readonly minimum: number;
  readonly maximum: number;
  /** So much backlog asks for one instance. */
  readonly backlogPerInstance: number;
}

/** Backlog as Pulsar counts it: an entry is one, whether it holds a message or a batch. */
const BACKLOG_PER_INSTANCE = 1_000;

/**
 * True where any instance may take any message, so that some may be missing: Shared and Key_Shared subscriptions. Elsewhere each topic-partition belongs to one instance, and
 * nobody reads it while that one does not run.
 */
export const mayScale = ({ processingGuarantees, retainOrdering }: SinkConfig): boolean =>
  processingGuarantees === 'ATLEAST_ONCE' && !retainOrdering;

/** How a connector's instances follow its backlog; undefined where nobody asked for it: then all of them are wanted. */
export const scaleOf = ({ kind, config }: Connector): Scale | undefined => {
  const { minParallelism: minimum, backlogPerInstance = BACKLOG_PER_INSTANCE } = flowOptions(config);
  if (kind !== 'sink' || minimum === undefined) return undefined;
  return { minimum, maximum: config.parallelism, backlogPerInstance };
};

/** So many instances are wanted; `backlog` undefined: it cannot be told, so all are. */
export const wantedInstances = (
  { minimum, maximum, backlogPerInstance }: Scale,
  backlog: number | undefined,
): number =>
  backlog === undefined ? maximum : Math.min(maximum, Math.max(minimum, Math.ceil(backlog / backlogPerInstance)));

/** True for an instance that only backlog calls for. */
export const isSurplus = (connector: Connector, instance: number): boolean =>
  instance >= (scaleOf(connector)?.minimum ?? connector.config.parallelism);
