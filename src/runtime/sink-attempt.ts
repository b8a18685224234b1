import type { SinkConnector } from '../core/connector.ts';
import type { ExactlyRoute, OpenSink, SinkType, TransactionalSink } from '../core/connector-type.ts';
import type { MessagingSession } from '../core/messaging.ts';
import type { Pipeline, SinkGuarantee } from '../delivery/pipeline.ts';
import type { SinkBatch } from '../delivery/sink-batch.ts';
import type { Activity } from './activity.ts';
import type { RunContext } from './run-deps.ts';
import type { SubscriptionPlan } from './sink-topics.ts';

/** One attempt of a sink's run, shared by its topics. */
export interface SinkRun extends RunContext {
  readonly connector: SinkConnector;
  readonly session: MessagingSession;
  readonly maxBatchRecords: number;
  readonly batchLimits: ReturnType<NonNullable<SinkType['batchLimits']>>;
  readonly sink: OpenSink | TransactionalSink;
  readonly pipeline: Pipeline<SinkBatch>;
  /** Makes one for dead letters that are sent back, when there are any: with PULSAR_CLIENT=native its guarantee cannot be kept, and is not asked for otherwise. */
  readonly redrivePipeline: () => Pipeline<SinkBatch>;
  readonly route: ExactlyRoute | undefined;
  readonly plan: SubscriptionPlan;
  readonly guarantee: SinkGuarantee;
  /** True: a transactional target stores the frontier. */
  readonly isFrontierInTarget: boolean;
  readonly activity: Activity;
}
