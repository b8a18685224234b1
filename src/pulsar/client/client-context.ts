import type { Connection } from '../network/connection.ts';
import type { ConnectionPool } from '../network/connection-pool.ts';
import { connectionForTopic } from '../network/lookup.ts';
import type { RequestOptions } from '../network/request-table.ts';
import type { LogLevelName } from './log.ts';
import type { SchemaLookup } from './schema-lookup.ts';

/** What producers and consumers need of their client. */
export interface ClientContext {
  readonly pool: ConnectionPool;
  readonly operationTimeoutMs: number;
  readonly listenerName: string | undefined;
  readonly maxUncompressedBytes: number;
  /** How often to look whether topics got more partitions. */
  readonly partitionsUpdateMs: number;
  readonly schemas: SchemaLookup;
  /** An id that no other producer or consumer of this client has. */
  nextId(): number;
  /** Gives a line to the client's log handler, unless the level is below the client's. */
  log(level: LogLevelName, message: string): void;
}

/** Limits of one request made for a client. */
export function requestOptions(context: ClientContext, signal?: AbortSignal): RequestOptions {
  return { timeoutMs: context.operationTimeoutMs, signal };
}

/** The connection to the broker of a topic: the one that the former broker named, else by lookup. */
export async function connectionFor(
  context: ClientContext,
  topic: string,
  assignedUrl: string | undefined,
  signal: AbortSignal,
): Promise<Connection> {
  const { pool, listenerName } = context;
  if (assignedUrl !== undefined && assignedUrl !== '') {
    try {
      return await pool.toBroker(assignedUrl, false, signal);
    } catch {
      context.log('WARN', `the broker at ${assignedUrl}, named for ${topic}, cannot be reached: looking it up`);
    }
  }
  return connectionForTopic(pool, topic, { ...requestOptions(context, signal), listenerName });
}
