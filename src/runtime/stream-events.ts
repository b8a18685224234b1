import type { SQSBatchResponse } from 'aws-lambda';
import { connectorPath, desiredState, type SourceConnector } from '../core/connector.ts';
import { PulsarIoError } from '../core/errors.ts';
import { triggerOf } from '../core/source-runs.ts';
import { eventArn } from './event-arn.ts';
import type { RunDeps } from './run-deps.ts';
import { wakeInstance } from './wake-instance.ts';

/**
 * Takes Lambda's word that a stream has something new, and starts the runs that read it: they know themselves how far each shard was read, so nothing rests on the event but
 * the time. Rejects when it cannot be told whose the stream is, when the source is stopped, or when a run could not be started: Lambda then tries again.
 */
export type StreamEvents = (event: unknown) => Promise<SQSBatchResponse>;

/** Events of all streams that Lambda watches for sources. */
export const createStreamEvents =
  (deps: RunDeps): StreamEvents =>
  async (event) => {
    const connector = await findSource(event, deps);
    const { parallelism } = connector.config;
    const instances = Array.from({ length: parallelism }, (_, id) => id);
    const running = instances.filter((instance) => desiredState(connector, instance) === 'RUNNING');
    if (running.length === 0)
      throw new PulsarIoError('PIO_SOURCE_UNAVAILABLE', `source ${connectorPath(connector.config)} is stopped`);
    await Promise.all(running.map((instance) => wakeInstance(connector, instance, deps)));
    return { batchItemFailures: [] };
  };

const findSource = async (event: unknown, { triggers, registry, catalogue }: RunDeps): Promise<SourceConnector> => {
  const arn = eventArn(event, 'stream');
  const trigger = await triggers.find(arn);
  const connector = trigger && (await registry.get(trigger.connector))?.connector;
  const isOurs = connector?.kind === 'source' && connector.uid === trigger?.uid && !connector.deleting;
  const wanted = isOurs ? triggerOf(connector, catalogue) : undefined;
  if (isOurs && wanted?.kind === 'stream' && wanted.arn === arn) return connector;
  throw new PulsarIoError('PIO_NOT_FOUND', `no source is triggered by ${arn}; delete its event source mapping`);
};
