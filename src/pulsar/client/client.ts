import { PulsarError } from '../errors.ts';
import { parseTopicName } from '../protocol/index.ts';
import { BatchMemory } from './batch-memory.ts';
import { type ClientConfig, readClientConfig } from './client-config.ts';
import type { ClientContext } from './client-context.ts';
import { ClusterPools } from './cluster-pools.ts';
import { Consumer } from './consumer.ts';
import type { ConsumerConfig } from './consumer-config.ts';
import { consoleHandler, type LogHandler, LogLevel, type LogLevelName } from './log.ts';
import { Producer } from './producer.ts';
import type { ProducerConfig } from './producer-config.ts';
import { Reader, type ReaderConfig } from './reader.ts';
import { type SchemaInfo, schemaInfo } from './schema-info.ts';
import { SchemaLookup } from './schema-lookup.ts';
import { StatsLog } from './stats.ts';
import { concreteTopics } from './topic-sources.ts';
import { Transaction, type TransactionOptions } from './transaction.ts';
import { TransactionCoordinators } from './transaction-coordinators.ts';
import { actingUntil, disposing, type WaitOptions } from './wait-options.ts';

/** An addition: a schema that is registered with a topic. */
export interface RegisteredSchema {
  schema: SchemaInfo;
  /** 8 bytes, big-endian, counted from 0. */
  version: Buffer | undefined;
}

/** What the client closes when it is closed itself. */
interface Member {
  onceClosed: () => void;
  close(): Promise<null>;
}

const THIS_FILE = 'client.ts';
let logHandler: LogHandler = consoleHandler;

/** A Pulsar client with the API of npm `pulsar-client`. Connects when first needed, reconnects by itself. */
export class Client {
  private readonly context: ClientContext;
  private readonly members = new Set<Member>();
  private readonly pools: ClusterPools;
  private readonly coordinators: TransactionCoordinators;
  private isClosed = false;

  /** Throws on a bad configuration; opens nothing. */
  constructor(config: ClientConfig) {
    const settings = readClientConfig(config);
    const { statsIntervalMs } = settings;
    let lastId = 0;
    const log = (name: LogLevelName, message: string) => {
      if (LogLevel[name] >= settings.logLevel) (settings.log ?? logHandler)(LogLevel[name], THIS_FILE, 0, message);
    };
    const pools = new ClusterPools(settings, log);
    const pool = pools.main;
    this.pools = pools;
    this.context = {
      ...settings,
      log,
      pool,
      poolOf: (clusterUrl) => pools.of(clusterUrl),
      schemas: new SchemaLookup({ ...settings, pool }),
      batchMemory: new BatchMemory(),
      stats: statsIntervalMs === 0 ? undefined : new StatsLog(statsIntervalMs, (line) => log('INFO', line)),
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

  createProducer(config: ProducerConfig, options?: WaitOptions): Promise<Producer> {
    return this.open('create producer', options, () => Producer.open(this.context, config));
  }

  subscribe(config: ConsumerConfig, options?: WaitOptions): Promise<Consumer> {
    return this.open('create consumer', options, () => Consumer.open(this.context, config));
  }

  createReader(config: ReaderConfig, options?: WaitOptions): Promise<Reader> {
    return this.open('create reader', options, () => Reader.open(this.context, config));
  }

  private async open<T extends Member>(action: string, options: WaitOptions | undefined, make: () => Promise<T>) {
    this.requireOpen(action);
    if (options?.signal === undefined) return this.join(await make());
    let isAbandoned = false;
    const opening = async () => {
      const member = await make();
      if (isAbandoned) await member.close();
      return member;
    };
    try {
      return this.join(await actingUntil(action, options, opening));
    } catch (error) {
      isAbandoned = true;
      throw error;
    }
  }

  /**
   * An addition: a schema of a topic, by its version (8 bytes, big-endian), or its newest. Rejects with TopicNotFound when the topic
   * has no such version; undefined when it has no schema.
   */
  getSchema(topic: string, version?: Buffer, options?: WaitOptions): Promise<RegisteredSchema | undefined> {
    this.requireOpen('get schema');
    return actingUntil('get schema', options, async () => {
      const { schemas } = this.context;
      const { fullName } = parseTopicName(topic);
      const found =
        version === undefined
          ? await schemas.latest(fullName, options?.signal)
          : await schemas.version(fullName, version);
      return found && { schema: schemaInfo(found.definition), version: found.version };
    });
  }

  /** An addition: begins a transaction. Rejects with NotAllowedError where the cluster has no transaction coordinator. */
  async newTransaction(options: TransactionOptions = {}): Promise<Transaction> {
    this.requireOpen('create transaction');
    return Transaction.open(this.coordinators, options);
  }

  /** Full names: the topic alone if it is not partitioned, else its partitions. */
  getPartitionsForTopic(topic: string, options?: WaitOptions): Promise<string[]> {
    return actingUntil('GetPartitionsForTopic', options, async () => {
      const topics = await concreteTopics(this.context, [parseTopicName(topic).fullName]);
      return topics.map(({ fullName }) => fullName);
    });
  }

  /** Closes its producers and consumers, then the connections. Rejects with AlreadyClosed the second time. */
  async close(options?: WaitOptions): Promise<null> {
    this.requireOpen('close client');
    this.isClosed = true;
    return actingUntil('close client', options, () => this.end());
  }

  private async end(): Promise<null> {
    this.pools.stay();
    await Promise.allSettled([...this.members].map((member) => member.close()));
    await this.pools.end(this.context.operationTimeoutMs);
    return null;
  }

  /** An addition: closes for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return disposing(() => this.close());
  }
}
