import type { ConnectionPool } from '../network/connection-pool.ts';
import type { RequestOptions } from '../network/request-table.ts';
import type { BatchMemory } from './batch-memory.ts';
import type { LogLevelName } from './log.ts';
import type { SchemaLookup } from './schema-lookup.ts';
import type { StatsLog } from './stats.ts';

/** What producers and consumers need of their client. */
export interface ClientContext {
  readonly pool: ConnectionPool;
  readonly operationTimeoutMs: number;
  readonly listenerName: string | undefined;
  readonly maxUncompressedBytes: number;
  readonly batchMemory: BatchMemory;
  /** How often to look whether topics got more partitions. */
  readonly partitionsUpdateMs: number;
  readonly schemas: SchemaLookup;
  /** Absent: no statistics are wanted. */
  readonly stats: StatsLog | undefined;
  /** The connections to a cluster that a topic has migrated to. */
  poolOf(clusterUrl: string): ConnectionPool;
  /** An id that no other producer or consumer of this client has. */
  nextId(): number;
  /** Gives a line to the client's log handler, unless the level is below the client's. */
  log(level: LogLevelName, message: string): void;
}

/** Limits of one request made for a client. */
export function requestOptions(context: ClientContext, signal?: AbortSignal): RequestOptions {
  return { timeoutMs: context.operationTimeoutMs, signal };
}
