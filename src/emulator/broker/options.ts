import type { IncomingMessage, ServerResponse } from 'node:http';
import { DEFAULT_MAX_MESSAGE_BYTES } from '../../pulsar/protocol/frame.ts';

/** How a broker is started; `dataDir` is made when it does not exist. */
export interface BrokerOptions {
  /** Address to listen on, default 127.0.0.1. */
  readonly host?: string;
  /** Port of the binary protocol, 0 or absent = any. */
  readonly port?: number;
  /** Port of the admin REST, 0 or absent = any. */
  readonly httpPort?: number;
  readonly dataDir: string;
  /** Deduplication where neither namespace nor topic says otherwise; default true, unlike a broker's. */
  readonly deduplication?: boolean;
  /** Host name that lookups answer; default: the address that the client reached. */
  readonly advertisedHost?: string;
  /** How often acknowledgements become durable: a killed broker forgets the younger ones (T6). Default 1000. */
  readonly cursorFlushMs?: number;
  /** How long the holder of a name may take to answer a PING before it is replaced (T2). Default 5000. */
  readonly livenessCheckMs?: number;
  readonly maxMessageBytes?: number;
  /** Delay before a newly chosen Failover consumer receives. Default 1000. */
  readonly failoverDelayMs?: number;
  /** Deduplication forgets a producer name so long after it disconnected. Default 360 minutes. */
  readonly dedupInactivityMs?: number;
  /** How often idle names are forgotten and messages expire. Default 30 000. */
  readonly housekeepingMs?: number;
  /** How long a connection may leave a PING, or the handshake, unanswered. Default 30 000, as Pulsar's. */
  readonly keepAliveMs?: number;
  /** Transactions that may be open at a time. Default 10 000. */
  readonly maxOpenTransactions?: number;
  /** Clock, for tests. */
  readonly now?: () => number;
  /** Takes a line about what the broker did; default none. */
  readonly onLog?: (line: string) => void;
}

/** Options with their defaults. */
export interface BrokerSettings {
  readonly deduplication: boolean;
  readonly cursorFlushMs: number;
  readonly livenessCheckMs: number;
  readonly maxMessageBytes: number;
  readonly failoverDelayMs: number;
  readonly dedupInactivityMs: number;
  readonly housekeepingMs: number;
  readonly keepAliveMs: number;
  readonly maxOpenTransactions: number;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** Fills in the defaults. */
export function settingsOf(options: BrokerOptions): BrokerSettings {
  return {
    deduplication: options.deduplication ?? true,
    cursorFlushMs: options.cursorFlushMs ?? 1000,
    livenessCheckMs: options.livenessCheckMs ?? 5000,
    maxMessageBytes: options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
    failoverDelayMs: options.failoverDelayMs ?? 1000,
    dedupInactivityMs: options.dedupInactivityMs ?? 360 * 60_000,
    housekeepingMs: options.housekeepingMs ?? 30_000,
    keepAliveMs: options.keepAliveMs ?? 30_000,
    maxOpenTransactions: options.maxOpenTransactions ?? 10_000,
    now: options.now ?? Date.now,
    log: options.onLog ?? (() => {}),
  };
}

/** A running broker. */
export interface RunningBroker {
  /** `pulsar://host:port`. */
  readonly serviceUrl: string;
  /** `http://host:httpPort`. */
  readonly adminUrl: string;
  readonly port: number;
  readonly httpPort: number;
  /** Commits what was received, flushes cursors and deduplication snapshots, closes everything. */
  stop(): Promise<void>;
  /** As SIGKILL: sockets destroyed, nothing flushed. */
  kill(): void;
  /** Answers `/admin/v2` and `/lookup`, so that another HTTP server can mount them. */
  adminHandler(request: IncomingMessage, response: ServerResponse): void;
}
