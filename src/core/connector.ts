import type { Guarantee } from './guarantee.ts';

/** The two kinds of connectors; also the words in the admin API's paths, in the plural. */
export type ConnectorKind = 'source' | 'sink';

/** Desired state of one instance, in the words of Pulsar's function metadata. */
export type DesiredState = 'RUNNING' | 'STOPPED';

/** Pulsar's `Resources`: cores, bytes, bytes. */
export interface Resources {
  readonly cpu: number;
  readonly ram: number;
  readonly disk: number;
}

/** What sources and sinks have in common of their stored configuration (PULSAR-ADMIN-CONTRACT 2.2, 2.3). */
export interface CommonConfig {
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  readonly className?: string;
  /** `builtin://<type>`. */
  readonly archive?: string;
  readonly configs: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, unknown>>;
  readonly parallelism: number;
  readonly processingGuarantees: Guarantee;
  readonly resources: Resources;
  readonly runtimeFlags?: string;
  /** JSON text; our additions go here: `{"runner": "...", "deadLetterTopic": "..."}`. */
  readonly customRuntimeOptions?: string;
  readonly logTopic?: string;
}

/** Pulsar's `ConsumerConfig` of one input. */
export interface InputSpec {
  readonly schemaType?: string;
  readonly serdeClassName?: string;
  readonly regexPattern: boolean;
  readonly schemaProperties: Readonly<Record<string, string>>;
  readonly consumerProperties: Readonly<Record<string, string>>;
  readonly receiverQueueSize?: number;
  readonly poolMessages: boolean;
}

/** Pulsar's `ProducerConfig`, as far as it is kept. */
export interface ProducerSettings {
  readonly compressionType?: 'NONE' | 'LZ4' | 'ZLIB' | 'ZSTD' | 'SNAPPY';
  readonly [other: string]: unknown;
}

/** Pulsar's `SourceConfig` as stored: defaults filled in. */
export interface SourceConfig extends CommonConfig {
  readonly topicName: string;
  readonly producerConfig: ProducerSettings;
  readonly schemaType?: string;
  readonly serdeClassName?: string;
  readonly batchSourceConfig?: Readonly<Record<string, unknown>>;
}

/** Pulsar's `SinkConfig` as stored: defaults filled in, every input folded into `inputSpecs`. */
export interface SinkConfig extends CommonConfig {
  readonly inputSpecs: Readonly<Record<string, InputSpec>>;
  readonly sourceSubscriptionName?: string;
  readonly sourceSubscriptionPosition: 'Latest' | 'Earliest';
  readonly retainOrdering: boolean;
  readonly retainKeyOrdering: boolean;
  readonly autoAck: boolean;
  readonly cleanupSubscription: boolean;
  readonly timeoutMs?: number;
  readonly negativeAckRedeliveryDelayMs?: number;
  readonly maxMessageRetries?: number;
  readonly deadLetterTopic?: string;
  /** `builtin://transforms`, with the class of it and its configuration: `{"steps": [...]}` as JSON text. */
  readonly transformFunction?: string;
  readonly transformFunctionClassName?: string;
  readonly transformFunctionConfig?: string;
}

/** An operator's wish to have dead letters sent back. */
export interface RedriveOrder {
  /** Raised by each call. */
  readonly number: number;
  /** By dead-letter topic, the last letter that is meant; `all`: whatever is there when a run carries it out. */
  readonly through: Readonly<Record<string, { readonly ledgerId: number; readonly entryId: number } | 'all'>>;
  /** Topic-partitions of the sink when it was asked for: letters of others are not meant. */
  readonly topics: readonly string[];
  /** Letters are sent back although they may undo a newer record of their key. */
  readonly allowReordering?: boolean;
}

interface ConnectorBase {
  /** Random, made at create; part of every key, producer name and subscription property, so that a deleted and re-created name shares nothing. */
  readonly uid: string;
  /** Name of the connector type in the catalogue. */
  readonly type: string;
  /** Raised by every change of what a sequence or a frontier means. Starts at 1. */
  readonly generation: number;
  /** Desired state per instance id; an id that is missing is RUNNING. */
  readonly instanceStates: Readonly<Record<string, DesiredState>>;
  /** Raised by start and restart, per instance id: a run that sees another number than it began with ends, and counts begin at 0. */
  readonly restarts: Readonly<Record<string, number>>;
  /** Set by the first call that moves positions or sends dead letters back, or leaves decided letters behind: runs of a sink then look into the book of each topic. */
  readonly keepsBooks?: true;
  /** Dead letters of a sink that are to be sent back. */
  readonly redrive?: RedriveOrder;
  /** Set while delete cleans up; the connector answers 404 from then on. */
  readonly deleting?: true;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A source that someone created, as the registry stores it. */
export interface SourceConnector extends ConnectorBase {
  readonly kind: 'source';
  readonly config: SourceConfig;
}

/** A sink that someone created, as the registry stores it. */
export interface SinkConnector extends ConnectorBase {
  readonly kind: 'sink';
  readonly config: SinkConfig;
}

/** A connector as the registry stores it. */
export type Connector = SourceConnector | SinkConnector;

/** `tenant/namespace/name`, how Pulsar prints a component. */
export const connectorPath = ({
  tenant,
  namespace,
  name,
}: Pick<CommonConfig, 'tenant' | 'namespace' | 'name'>): string => `${tenant}/${namespace}/${name}`;

/** Desired state of an instance. */
export const desiredState = (connector: Connector, instance: number): DesiredState =>
  connector.instanceStates[String(instance)] ?? 'RUNNING';

/** How often an instance was started or restarted by an operator. */
export const restartsOf = (connector: Connector, instance: number): number => connector.restarts[String(instance)] ?? 0;

/** Subscription of a sink: the one given, else `tenant/namespace/name` as Pulsar does. */
export const subscriptionOf = (config: SinkConfig): string => config.sourceSubscriptionName || connectorPath(config);
