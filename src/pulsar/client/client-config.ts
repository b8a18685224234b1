import type { LogHandler } from './log.ts';
import { LogLevel } from './log.ts';
import { numberOption, secondsOption, textOption } from './option-values.ts';
import { readServiceConfig, type ServiceConfig, type ServiceSettings } from './service-config.ts';

/** Options of `new Client`, as in npm `pulsar-client`. Sizes of thread pools have no meaning here. */
export interface ClientConfig extends ServiceConfig {
  operationTimeoutSeconds?: number;
  connectionTimeoutMs?: number;
  /** Lookups on the way at once; more wait. Default 50,000. */
  concurrentLookupRequest?: number;
  ioThreads?: number;
  messageListenerThreads?: number;
  /** How often the numbers of each producer and consumer are logged, at level INFO. Default 600; 0: never. */
  statsIntervalInSeconds?: number;
  listenerName?: string;
  log?: LogHandler;
  logLevel?: number;
  /** An addition: connections to one broker, which producers and consumers take in turn. Default 1. */
  connectionsPerBroker?: number;
  /** An addition: interval of pings. Default 30 s. */
  keepAliveMs?: number;
  /** An addition: how often partitioned topics are asked whether they got more partitions. Default 60. */
  partitionsUpdateIntervalSeconds?: number;
  /** An addition: entries that claim to be larger when uncompressed are corrupt. Default 128 MiB. */
  maxUncompressedBytes?: number;
}

/** A `ClientConfig`: checked, with its defaults. */
export interface ClientSettings extends ServiceSettings {
  readonly operationTimeoutMs: number;
  readonly connectionTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly connectionsPerBroker: number;
  readonly maxLookups: number;
  /** 0: never. */
  readonly statsIntervalMs: number;
  readonly partitionsUpdateMs: number;
  readonly maxUncompressedBytes: number;
  readonly listenerName: string | undefined;
  /** Absent: the handler of all clients. */
  readonly log: LogHandler | undefined;
  readonly logLevel: number;
}

/** Reads the options of a client. Throws as `readServiceConfig`. */
export function readClientConfig(config: ClientConfig): ClientSettings {
  const service = readServiceConfig(config);
  const { statsIntervalInSeconds } = config;
  return {
    ...service,
    operationTimeoutMs: secondsOption(config.operationTimeoutSeconds, 30),
    connectionTimeoutMs: numberOption(config.connectionTimeoutMs, 1, 10_000),
    keepAliveMs: numberOption(config.keepAliveMs, 1, 30_000),
    connectionsPerBroker: numberOption(config.connectionsPerBroker, 1, 1),
    maxLookups: numberOption(config.concurrentLookupRequest, 1, 50_000),
    statsIntervalMs: statsIntervalInSeconds === 0 ? 0 : secondsOption(statsIntervalInSeconds, 600),
    partitionsUpdateMs: secondsOption(config.partitionsUpdateIntervalSeconds, 60),
    maxUncompressedBytes: numberOption(config.maxUncompressedBytes, 1, 128 * 1024 * 1024),
    listenerName: textOption(config.listenerName),
    log: typeof config.log === 'function' ? config.log : undefined,
    logLevel: numberOption(config.logLevel, 0, LogLevel.INFO),
  };
}
