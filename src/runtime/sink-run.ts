import { concurrently } from '../core/concurrently.ts';
import type { SinkConnector } from '../core/connector.ts';
import { subscriptionOf } from '../core/connector.ts';
import type { OpenSink, SinkType, TransactionalSink } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import { flowOptions } from '../core/flow-options.ts';
import { type Guarantees, type SinkGuarantee, sinkPipeline } from '../delivery/pipeline.ts';
import type { ShapeRecord } from '../delivery/shape.ts';
import { Activity } from './activity.ts';
import type { Work } from './attempts.ts';
import { onSchedule } from './on-schedule.ts';
import { openContext } from './open-context.ts';
import { redrive } from './redrive.ts';
import { resolveTypeConfig } from './resolve-type-config.ts';
import type { RunContext } from './run-deps.ts';
import type { SinkRun } from './sink-attempt.ts';
import { sinkShape } from './sink-shape.ts';
import { runSinkTopic } from './sink-topic-run.ts';
import { subscriptionPlan, topicsOf } from './sink-topics.ts';

const drainTopics: Work = async (context, session) => {
  const { control, deps } = context;
  const connector = context.connector as SinkConnector;
  const type = sinkType(connector, context);
  const guarantee = deps.guarantees.sink[connector.config.processingGuarantees];
  const plan = subscriptionPlan(connector, guarantee);
  const topics = await topicsOf(connector, plan, session, context);
  const config = await resolveTypeConfig(type, connector, deps, context.secrets, control.signal);
  const sink = await type.open(config, openContext(context));
  const toTarget = sinkShape(type, config, connector, session);
  const maxBatchRecords = type.maxBatchRecords?.(config) ?? deps.settings.maxBatchRecords;
  try {
    const run: SinkRun = {
      ...context,
      connector,
      session,
      sink,
      maxBatchRecords,
      batchLimits: batchLimits(type, config, context),
      plan,
      route: type.routeFor ? type.routeFor(config) : type.route,
      ...pipelinesOf(connector, type, { sink, toTarget }, deps.guarantees),
      activity: new Activity(deps.clock),
    };
    await redrive(run, topics);
    await runTopics(run, topics);
    return { end: control.isStopping ? 'stopped' : 'idle' };
  } finally {
    await sink.close();
  }
};

/** The work of a sink's run: all its topic-partitions side by side until none has anything for a while; at the times of its schedule if it has one. */
export const sinkWork: Work = onSchedule(drainTopics);

/** Runs all topics and waits until the last has ended: nothing may still write when the sink is closed. Fails with the first failure. */
const runTopics = async (run: SinkRun, topics: readonly string[]): Promise<void> =>
  concurrently(topics, topics.length, async (topic) => {
    try {
      await runSinkTopic(run, topic);
    } catch (error) {
      run.activity.halt();
      throw error;
    }
  });

/** As the connector's flow asks for, then the type's own, then the runtime's. */
const batchLimits = (type: SinkType, config: object, { deps, connector }: RunContext): SinkRun['batchLimits'] => {
  const { maxBatchBytes: maxBytes, lingerMs } = deps.settings;
  const { batchTimeMs } = flowOptions(connector.config);
  const own = type.batchLimits?.(config as never);
  return { maxBytes, lingerMs, ...own, ...(batchTimeMs !== undefined && { lingerMs: batchTimeMs }) };
};

const sinkType = (connector: SinkConnector, { deps }: RunContext): SinkType => {
  const type = deps.catalogue.sink(connector.type);
  if (type) return type;
  throw new PulsarIoError('PIO_CONFIG_INVALID', `there is no sink type ${connector.type} in this deployment`, {
    disposition: 'fatal',
  });
};

const pipelinesOf = (
  { config }: SinkConnector,
  { route }: SinkType,
  parts: { readonly sink: OpenSink | TransactionalSink; readonly toTarget: ShapeRecord },
  { sink: keepers }: Guarantees,
): Pick<SinkRun, 'pipeline' | 'redrivePipeline' | 'isFrontierInTarget' | 'guarantee'> => {
  const guarantee = keepers[config.processingGuarantees];
  // Dead letters that are sent back have a frontier under every guarantee: one that moves behind them, or before.
  const again = config.processingGuarantees === 'ATMOST_ONCE' ? guarantee : keepers.EFFECTIVELY_ONCE;
  const pipelineOf = (kept: SinkGuarantee) =>
    sinkPipeline({ guarantee: kept.middleware(), subscription: subscriptionOf(config), ...parts });
  return {
    guarantee,
    isFrontierInTarget: guarantee.keepsFrontier && route === 'transactional',
    pipeline: pipelineOf(guarantee),
    redrivePipeline: () => pipelineOf(again),
  };
};
