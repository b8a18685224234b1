import { PulsarError } from '../errors.ts';
import { type Authentication, noAuthentication } from '../network/authentication.ts';
import { ConnectionPool } from '../network/connection-pool.ts';
import { parseTopicName } from '../protocol/index.ts';
import type { ClientContext } from './client-context.ts';
import { Consumer } from './consumer.ts';
import type { ConsumerConfig } from './consumer-config.ts';
import { concreteTopics } from './consumer-group.ts';
import { consoleHandler, type LogHandler, LogLevel } from './log.ts';
import { flagOption, numberOption, refuseOptions, textOption } from './option-values.ts';
import { Producer } from './producer.ts';
import type { ProducerConfig } from './producer-config.ts';
import { Reader, type ReaderConfig } from './reader.ts';
import { acting } from './result-text.ts';

/** Options of `new Client`, as in npm `pulsar-client`. Sizes of thread pools and the statistics interval have no meaning here. */
export interface ClientConfig {
  serviceUrl: string;
  authentication?: Authentication;
  operationTimeoutSeconds?: number;
  connectionTimeoutMs?: number;
  ioThreads?: number;
  messageListenerThreads?: number;
  concurrentLookupRequest?: number;
  tlsTrustCertsFilePath?: string;
  tlsCertificateFilePath?: string;
  tlsPrivateKeyFilePath?: string;
  /** Default false, as in npm `pulsar-client`: set it to true. */
  tlsValidateHostname?: boolean;
  tlsAllowInsecureConnection?: boolean;
  statsIntervalInSeconds?: number;
  listenerName?: string;
  log?: LogHandler;
  logLevel?: number;
  /** An addition: interval of pings. Default 30 s. */
  keepAliveMs?: number;
  /** An addition: entries that claim to be larger when uncompressed are corrupt. Default 128 MiB. */
  maxUncompressedBytes?: number;
}

/** What the client closes when it is closed itself. */
interface Member {
  onceClosed: () => void;
  close(): Promise<null>;
}

const THIS_FILE = 'client.ts';
let logHandler: LogHandler = consoleHandler;

function checkServiceUrl(config: ClientConfig): string {
  const { serviceUrl } = config ?? {};
  const required = 'Service URL is required and must be specified as a string';
  if (serviceUrl === undefined || serviceUrl === null) {
    throw new PulsarError('InvalidConfiguration', `${required} unless serviceUrlProvider is configured`);
  }
  if (typeof serviceUrl !== 'string' || serviceUrl === '') throw new PulsarError('InvalidConfiguration', required);
  return serviceUrl;
}

function checkAuthentication(authentication: unknown): Authentication {
  if (authentication === undefined) return noAuthentication;
  const given = authentication as Partial<Authentication> | null;
  if (typeof given?.methodName === 'string' && typeof given.credentials === 'function') return given as Authentication;
  const message =
    'authentication must be an AuthenticationToken, AuthenticationTls or AuthenticationBasic of this package';
  throw new PulsarError('InvalidConfiguration', message);
}

/** A Pulsar client with the API of npm `pulsar-client`. Connects when first needed, reconnects by itself. */
export class Client {
  private readonly context: ClientContext;
  private readonly members = new Set<Member>();
  private isClosed = false;

  /** Throws on a bad configuration; opens nothing. */
  constructor(config: ClientConfig) {
    refuseOptions('create client', config ?? {}, ['serviceUrlProvider']);
    const serviceUrl = checkServiceUrl(config);
    const authentication = checkAuthentication(config.authentication);
    const handler = typeof config.log === 'function' ? config.log : undefined;
    const level = numberOption(config.logLevel, 0, LogLevel.INFO);
    let lastId = 0;
    this.context = {
      pool: new ConnectionPool({
        serviceUrl,
        authentication,
        connectionTimeoutMs: numberOption(config.connectionTimeoutMs, 1, 10_000),
        keepAliveMs: numberOption(config.keepAliveMs, 1, 30_000),
        tls: {
          trustCertsFilePath: textOption(config.tlsTrustCertsFilePath),
          certificateFilePath: textOption(config.tlsCertificateFilePath),
          privateKeyFilePath: textOption(config.tlsPrivateKeyFilePath),
          validateHostname: flagOption(config.tlsValidateHostname, false),
          allowInsecureConnection: flagOption(config.tlsAllowInsecureConnection, false),
        },
      }),
      operationTimeoutMs: numberOption(config.operationTimeoutSeconds, Number.MIN_VALUE, 30) * 1000,
      listenerName: textOption(config.listenerName),
      maxUncompressedBytes: numberOption(config.maxUncompressedBytes, 1, 128 * 1024 * 1024),
      nextId: () => ++lastId,
      log: (name, message) => {
        if (LogLevel[name] >= level) (handler ?? logHandler)(LogLevel[name], THIS_FILE, 0, message);
      },
    };
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
    await Promise.allSettled([...this.members].map((member) => member.close()));
    await this.context.pool.end(this.context.operationTimeoutMs);
    return null;
  }
}
