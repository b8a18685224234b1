import type { SourceConnector } from '../core/connector.ts';
import type { LogSourceType } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { MessagingSession } from '../core/messaging.ts';
import type { Work } from './attempts.ts';
import { batchWork } from './batch-run.ts';
import { onSchedule } from './on-schedule.ts';
import { openContext } from './open-context.ts';
import { queueWork } from './queue-run.ts';
import { readPartitions, type SourceContext } from './read-partitions.ts';
import { requireTopic } from './require-topic.ts';
import { resolveTypeConfig } from './resolve-type-config.ts';
import type { RunContext, WorkEnd } from './run-deps.ts';
import { untilIdle } from './until-idle.ts';

const poll = async (context: RunContext, session: MessagingSession): Promise<WorkEnd> => {
  const connector = context.connector as SourceConnector;
  const type = context.deps.catalogue.source(connector.type);
  requireTopic(connector);
  if (type?.source === 'log') return logWork({ ...context, connector, session }, type);
  if (type?.source === 'queue') return queueWork({ ...context, connector, session }, type);
  throw new PulsarIoError('PIO_CONFIG_INVALID', `${connector.type} is not a source type that can be polled`, {
    disposition: 'fatal',
  });
};

/** How long a log that calls us rests when there was nothing new, and when there was: what came while the run ended called nobody. */
const [REST_MS, REST_AFTER_RECORDS_MS] = [3_600_000, 60_000];

const restUntilCalled = (end: WorkEnd, { counters }: SourceContext): WorkEnd =>
  end.end === 'idle' ? { ...end, nextRunInMs: counters.settled > 0 ? REST_AFTER_RECORDS_MS : REST_MS } : end;

const pollOnSchedule = onSchedule(poll);

/** The work of a source's run, at the times of its schedule if it has one. */
export const sourceWork: Work = (context, session) => {
  const connector = context.connector as SourceConnector;
  const type = context.deps.catalogue.source(connector.type);
  if (type?.source !== 'batch') return pollOnSchedule(context, session);
  requireTopic(connector);
  return batchWork({ ...context, connector, session }, type);
};

/** Reads each source partition of a log to the end, and again while new records keep coming. */
const logWork = async (context: SourceContext, type: LogSourceType): Promise<WorkEnd> => {
  const config = await resolveTypeConfig(
    type,
    context.connector,
    context.deps,
    context.secrets,
    context.control.signal,
  );
  const source = await type.open(config, openContext(context));
  try {
    const read = () => readPartitions(context, source);
    // Each look fences every partition, which is paid: a log that had nothing at the first one is left to the next run.
    const end = await untilIdle(context, type.pollIntervalMs(config), read, { maxFirstIdleMs: 0 });
    return type.trigger?.(config) ? restUntilCalled(end, context) : end;
  } finally {
    await source.close();
  }
};
