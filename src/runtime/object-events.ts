import { connectorPath, type SourceConnector } from '../core/connector.ts';
import type { BatchSourceType } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import { SecretValues } from '../core/secret-values.ts';
import { triggerOf } from '../core/source-runs.ts';
import { storeTasks } from './batch-run.ts';
import { resolveTypeConfig } from './resolve-type-config.ts';
import type { RunDeps } from './run-deps.ts';
import { wakePublisher } from './wake-publisher.ts';

/**
 * Takes the notifications of one event: their tasks are in the inbox when it resolves, also those of a source that is stopped, as nobody would send them again. Rejects when
 * it cannot be told whose they are, or when they could not be stored: Lambda then tries the event again, and gives it to the function's failure destination in the end.
 */
export type ObjectEvents = (event: unknown, signal: AbortSignal) => Promise<{ readonly tasks: number }>;

/** Notifications for all batch sources that are called by events. */
export const createObjectEvents =
  (deps: RunDeps): ObjectEvents =>
  async (event, signal) => {
    const { connector, type } = await findSource(event, deps);
    const config = await resolveTypeConfig(type, connector, deps, new SecretValues(), signal);
    const tasks = type.tasksOf(event, config);
    await storeTasks(connector, tasks, deps.inbox, signal);
    if (tasks.length > 0) await wakePublisher(connector, deps);
    return { tasks: tasks.length };
  };

const findSource = async (
  event: unknown,
  { triggers, registry, catalogue }: RunDeps,
): Promise<{ connector: SourceConnector; type: BatchSourceType }> => {
  const arn = systemOf(event);
  const trigger = await triggers.find(arn);
  const connector = trigger && (await registry.get(trigger.connector))?.connector;
  const type = connector && catalogue.source(connector.type);
  const isOurs = connector?.kind === 'source' && connector.uid === trigger?.uid && !connector.deleting;
  if (isOurs && type?.source === 'batch' && triggerOf(connector, catalogue)?.arn === arn) return { connector, type };
  const last = connector ? ` (the last one was ${connectorPath(connector.config)})` : '';
  throw new PulsarIoError(
    'PIO_NOT_FOUND',
    `no source takes notifications of ${arn}${last}; delete the rule that sends them`,
  );
};

/** The one bucket that an event is of: S3's own notification names it in each record, EventBridge as the event's resource. */
const systemOf = (event: unknown): string => {
  const { Records, resources } = (event ?? {}) as { Records?: unknown; resources?: unknown };
  const named = Array.isArray(Records)
    ? Records.map((record) => (record as { s3?: { bucket?: { arn?: unknown } } } | null)?.s3?.bucket?.arn)
    : resources;
  const arns = new Set(Array.isArray(named) ? named : []);
  const [arn] = arns;
  if (arns.size === 1 && typeof arn === 'string' && arn !== '') return arn;
  throw new PulsarIoError(
    'PIO_REQUEST_INVALID',
    'this is not an event of one bucket: it names none, or several; see events/s3-object-created.json',
  );
};
