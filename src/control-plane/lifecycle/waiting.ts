import type { Connector } from '../../core/connector.ts';
import type { Call } from '../operation.ts';
import { type SinkTopicView, viewSinkPositions } from './sink-positions.ts';

/** Topics that a status asks Pulsar about; `GET positions` asks about all. */
const MAX_TOPICS = 20;

/** A status does not wait longer for Pulsar, in milliseconds. */
const PATIENCE_MS = 3_000;

/** What waits in a sink's topics, or why that is not known. */
export type Waiting = { readonly topics: readonly SinkTopicView[] } | { readonly problem: string };

/** Backlog and lag of a sink's first topics as Pulsar tells them now; undefined for a source, and where Pulsar's admin API is not known. Never rejects. */
export const waitingOf = async (call: Call, connector: Connector): Promise<Waiting | undefined> => {
  if (connector.kind === 'source' || !call.deps.pulsar) return undefined;
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const { topics } = await viewSinkPositions({ ...call, signal }, connector, MAX_TOPICS);
    return { topics };
  } catch (error) {
    return { problem: (error as Error).message };
  }
};
