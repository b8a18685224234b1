import { BATCH_TRIGGERERS } from '../core/batch-triggerers.ts';
import type { SourceConnector } from '../core/connector.ts';
import type { BatchSourceType, BatchTask, OpenBatchSource } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { InboxMessage, InboxStore } from '../core/inbox.ts';
import { scheduleOf } from '../core/schedule.ts';
import { inboxPublisher } from '../core/source-runs.ts';
import { BatchLog } from './batch-log.ts';
import { InboxLog } from './inbox-log.ts';
import { openContext } from './open-context.ts';
import { readPartitions, type SourceContext } from './read-partitions.ts';
import { resolveTypeConfig } from './resolve-type-config.ts';
import type { WorkEnd } from './run-deps.ts';
import { ServedTimes, type Timing } from './served-times.ts';

/**
 * The work of a batch source's run, by one instance: at each due time it discovers tasks into the inbox, and reads those that wait there, one after the other. What a run
 * left is done first. Tasks that events brought are read in the same way.
 */
export const batchWork = async (context: SourceContext, type: BatchSourceType): Promise<WorkEnd> => {
  const { connector, deps, control, instance } = context;
  if (inboxPublisher(connector) !== instance) return { end: 'finished' };
  const config = await resolveTypeConfig(type, connector, deps, context.secrets, control.signal);
  const timing = timingOf(connector);
  const times = timing && (await ServedTimes.open(context, timing));
  const source = await type.open(config, openContext(context));
  try {
    const fill = () => (times ? discoverDue(context, source, times) : Promise.resolve(0));
    const { inbox, clock } = deps;
    const { rememberMs } = type;
    const tasks = new InboxLog({ inbox, uid: connector.uid, clock, rememberMs, fill });
    await readPartitions(context, new BatchLog(tasks, source));
  } finally {
    await source.close();
  }
  if (control.isStopping) return { end: 'stopped' };
  if (!times) return { end: 'idle' };
  const nextRunInMs = times.nextInMs();
  return nextRunInMs === undefined ? { end: 'finished' } : { end: 'idle', nextRunInMs };
};

/** When tasks are discovered; undefined: events bring them. */
const timingOf = ({ config }: SourceConnector): Timing | undefined =>
  config.batchSourceConfig?.discoveryTriggererClassName === BATCH_TRIGGERERS.immediate
    ? 'at-start'
    : scheduleOf(config);

/** Puts the tasks of the next due time into the inbox; resolves with their number. A time is served once its tasks are there: found again, they are the same ones. */
const discoverDue = async (
  { connector, deps, control }: SourceContext,
  source: OpenBatchSource,
  times: ServedTimes,
): Promise<number> => {
  for (let due = times.dueMs(); due !== undefined && !control.isStopping; due = times.dueMs()) {
    let found = 0;
    for await (const page of source.discover(due, times.servedBeforeMs(), control.signal)) {
      found += page.length;
      await storeTasks(connector, page, deps.inbox, control.signal);
    }
    await times.serve(due);
    if (found > 0) return found;
  }
  return 0;
};

/** Stores tasks in a connector's inbox, durably; those that it had before are left out later. Throws `PIO_RECORD_TOO_LARGE`. */
export const storeTasks = async (
  { uid }: SourceConnector,
  tasks: readonly BatchTask[],
  inbox: InboxStore,
  signal: AbortSignal,
): Promise<void> => {
  const messages = tasks.map(({ id, task }): InboxMessage => ({ id, value: Buffer.from(JSON.stringify(task)) }));
  if (messages.some(inbox.isTooLarge))
    throw new PulsarIoError('PIO_RECORD_TOO_LARGE', 'a task is larger than the inbox takes (350 KB as JSON)');
  if (messages.length > 0) await inbox.append(uid, messages, { ordered: true }, signal);
};
