import { assignedInstance } from '../core/assignment.ts';
import { concurrently } from '../core/concurrently.ts';
import type { SourceConnector } from '../core/connector.ts';
import type { LogSourceType, OpenLogSource } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { MessagingSession } from '../core/messaging.ts';
import { openContext } from './open-context.ts';
import { requireTopic } from './require-topic.ts';
import { resolveTypeConfig } from './resolve-type-config.ts';
import type { RunContext, WorkEnd } from './run-deps.ts';
import { runSourcePartition } from './source-partition-run.ts';

/** The work of a log source's run: reads each of its source partitions to the end, and again while new records keep coming. */
export const sourceWork = async (context: RunContext, session: MessagingSession): Promise<WorkEnd> => {
  const { control, deps } = context;
  const connector = context.connector as SourceConnector;
  const type = logSourceType(connector, context);
  requireTopic(connector);
  const config = await resolveTypeConfig(type, connector, deps, context.secrets, control.signal);
  const source = await type.open(config, openContext(context));
  try {
    const pollMs = type.pollIntervalMs(config);
    let idleSinceMs = deps.clock.monotonicMs();
    for (;;) {
      const read = await readPartitions(context, session, connector, source);
      if (control.isStopping) return { end: 'stopped' };
      if (pollMs === undefined) return { end: 'finished' };
      if (read > 0) idleSinceMs = deps.clock.monotonicMs();
      const idleMs = deps.clock.monotonicMs() - idleSinceMs;
      if (idleMs + pollMs > deps.settings.idleMs) return { end: 'idle', nextRunInMs: pollMs };
      await deps.clock.sleep(pollMs, control.stopSignal).catch(() => undefined);
      if (control.isStopping) return { end: 'stopped' };
    }
  } finally {
    await source.close();
  }
};

const logSourceType = (connector: SourceConnector, { deps }: RunContext): LogSourceType => {
  const type = deps.catalogue.source(connector.type);
  if (type?.source === 'log') return type;
  throw new PulsarIoError('PIO_CONFIG_INVALID', `${connector.type} is not a source type that can be polled`, {
    disposition: 'fatal',
  });
};

const readPartitions = async (
  context: RunContext,
  session: MessagingSession,
  connector: SourceConnector,
  source: OpenLogSource,
): Promise<number> => {
  const { parallelism } = connector.config;
  const all = await source.partitions(context.control.signal);
  const mine = all.filter((partition) => assignedInstance(partition, parallelism) === context.instance);
  let read = 0;
  let isHalted = false;
  await concurrently(mine, context.deps.settings.maxConcurrentPartitions, async (partition) => {
    try {
      const one = { ...context, connector, session, source, partition, isHalted: () => isHalted };
      read += await runSourcePartition(one);
    } catch (error) {
      isHalted = true;
      throw error;
    }
  });
  return read;
};
