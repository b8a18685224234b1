import { PulsarError } from '../errors.ts';
import { ConnectionPool } from '../network/connection-pool.ts';
import { acceptsConnections, Failover } from '../network/failover.ts';
import { parseTopicName } from '../protocol/index.ts';
import type { ClientContext } from './client-context.ts';
import { Consumer } from './consumer.ts';
import type { ConsumerConfig } from './consumer-config.ts';
import { consoleHandler, type LogHandler, LogLevel, type LogLevelName } from './log.ts';
import { numberOption, textOption } from './option-values.ts';
import { Producer } from './producer.ts';
import type { ProducerConfig } from './producer-config.ts';
import { Reader, type ReaderConfig } from './reader.ts';
import { acting } from './result-text.ts';
import { readServiceConfig, type ServiceConfig } from './service-config.ts';
import { concreteTopics } from './topic-sources.ts';
import { Transaction, type TransactionOptions } from './transaction.ts';
import { TransactionCoordinators } from './transaction-coordinators.ts';

/** Options of `new Client`, as in npm `pulsar-client`. Sizes of thread pools and the statistics interval have no meaning here. */
export interface ClientConfig extends ServiceConfig {
  operationTimeoutSeconds?: number;
  connectionTimeoutMs?: number;
  ioThreads?: number;
  messageListenerThreads?: number;
  /** Lookups on the way at once; more wait. Default 50,000. */
  concurrentLookupRequest?: number;
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

interface ServicePool {
  readonly pool: ConnectionPool;
  readonly failover: Failover | undefined;
}

/** What the client closes when it is closed itself. */
interface Member {
  onceClosed: () => void;
  close(): Promise<null>;
}

const THIS_FILE = 'client.ts';
let logHandler: LogHandler = consoleHandler;

function openPool(config: ClientConfig, context: Pick<ClientContext, 'operationTimeoutMs' | 'log'>): ServicePool {
  const { services, ...thresholds } = readServiceConfig(config);
  const connectionTimeoutMs = numberOption(config.connectionTimeoutMs, 1, 10_000);
  const failover =
    services.length === 1
      ? undefined
      : new Failover({
          ...thresholds,
          services,
          isReachable: (service) => acceptsConnections(service, connectionTimeoutMs),
          onSwitch: (service) => {
            context.log('WARN', `the client moves to ${service.serviceUrl}`);
            pool.moveTo(service);
          },
        });
  const pool = new ConnectionPool({
    ...services[0],
    connectionTimeoutMs,
    keepAliveMs: numberOption(config.keepAliveMs, 1, 30_000),
    connectionsPerBroker: Math.trunc(numberOption(config.connectionsPerBroker, 1, 1)),
    maxLookups: numberOption(config.concurrentLookupRequest, 1, 50_000),
    onClosed: (reason) => {
      if (reason.code !== 'AlreadyClosed') context.log('WARN', reason.message);
    },
    whenUnreachable: failover && ((error, signal) => failover.whenSwitched(error, context.operationTimeoutMs, signal)),
  });
  failover?.start();
  return { pool, failover };
}

/** A Pulsar client with the API of npm `pulsar-client`. Connects when first needed, reconnects by itself. */
export class Client {
  private readonly context: ClientContext;
  private readonly members = new Set<Member>();
  private readonly failover: Failover | undefined;
  private readonly coordinators: TransactionCoordinators;
  private isClosed = false;

  /** Throws on a bad configuration; opens nothing. */
  constructor(config: ClientConfig) {
    const handler = typeof config?.log === 'function' ? config.log : undefined;
    const level = numberOption(config?.logLevel, 0, LogLevel.INFO);
    let lastId = 0;
    const shared = {
      operationTimeoutMs: numberOption(config?.operationTimeoutSeconds, Number.MIN_VALUE, 30) * 1000,
      log: (name: LogLevelName, message: string) => {
        if (LogLevel[name] >= level) (handler ?? logHandler)(LogLevel[name], THIS_FILE, 0, message);
      },
    };
    const { pool, failover } = openPool(config, shared);
    this.failover = failover;
    this.context = {
      ...shared,
      pool,
      listenerName: textOption(config.listenerName),
      maxUncompressedBytes: numberOption(config.maxUncompressedBytes, 1, 128 * 1024 * 1024),
      partitionsUpdateMs: numberOption(config.partitionsUpdateIntervalSeconds, Number.MIN_VALUE, 60) * 1000,
      nextId: () => ++lastId,
    };
    this.coordinators = new TransactionCoordinators(this.context);
  }

  /** Where log lines of all clients without a `log` option go; null: standard error again. */
  static setLogHandler(handler: LogHandler | null): void {
    if (handler !== null && typeof handler !== 'function') {
      throw new Error('Client log handler must be a function or null');
    }
    logHandler = handler ?? consoleHandler;
  }

  private requireOpen(action: string): void {
    if (this.isClosed) throw new PulsarError('AlreadyClosed', `Failed to ${action}: AlreadyClosed`);
  }

  private join<T extends Member>(member: T): T {
    if (this.isClosed) {
      member.close().catch(() => undefined);
      throw new PulsarError('AlreadyClosed', 'the client was closed meanwhile');
    }
    this.members.add(member);
    member.onceClosed = () => this.members.delete(member);
    return member;
  }

  async createProducer(config: ProducerConfig): Promise<Producer> {
    this.requireOpen('create producer');
    return this.join(await Producer.open(this.context, config));
  }

  async subscribe(config: ConsumerConfig): Promise<Consumer> {
    this.requireOpen('create consumer');
    return this.join(await Consumer.open(this.context, config));
  }

  async createReader(config: ReaderConfig): Promise<Reader> {
    this.requireOpen('create reader');
    return this.join(await Reader.open(this.context, config));
  }

  /** An addition: begins a transaction. Rejects with NotAllowedError where the cluster has no transaction coordinator. */
  async newTransaction(options: TransactionOptions = {}): Promise<Transaction> {
    this.requireOpen('create transaction');
    return Transaction.open(this.coordinators, options);
  }

  /** Full names: the topic alone if it is not partitioned, else its partitions. */
  getPartitionsForTopic(topic: string): Promise<string[]> {
    return acting('GetPartitionsForTopic', async () => {
      const topics = await concreteTopics(this.context, [parseTopicName(topic).fullName]);
      return topics.map(({ fullName }) => fullName);
    });
  }

  /** Closes its producers and consumers, then the connections. Rejects with AlreadyClosed the second time. */
  async close(): Promise<null> {
    this.requireOpen('close client');
    this.isClosed = true;
    this.failover?.stop();
    await Promise.allSettled([...this.members].map((member) => member.close()));
    await this.context.pool.end(this.context.operationTimeoutMs);
    return null;
  }
}
