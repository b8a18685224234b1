/** The part of npm `pulsar-client` 1.18 that runs use, as its `index.d.ts` declares it; our own client has it, too. */
export interface NativePulsar {
  readonly Client: new (config: NativeClientConfig) => NativeClient;
  readonly MessageId: { deserialize(data: Buffer): NativeMessageId };
  readonly AuthenticationToken: new (parameters: { token: string | (() => Promise<string>) }) => object;
}

/** Options of a native client. */
export interface NativeClientConfig {
  serviceUrl: string;
  // biome-ignore lint/suspicious/noExplicitAny: the two packages have classes of their own for it
  authentication?: any;
}

/** A native client. */
export interface NativeClient {
  getPartitionsForTopic(topic: string): Promise<string[]>;
  createProducer(config: {
    topic: string;
    compressionType: 'None' | 'Zlib' | 'LZ4' | 'ZSTD' | 'SNAPPY';
    properties: { [key: string]: string };
    blockIfQueueFull: boolean;
  }): Promise<NativeProducer>;
  subscribe(config: {
    topic: string;
    subscription: string;
    subscriptionType: 'Exclusive' | 'Shared' | 'KeyShared' | 'Failover';
    subscriptionInitialPosition: 'Latest' | 'Earliest';
    receiverQueueSize: number;
    nAckRedeliverTimeoutMs: number;
    consumerName?: string;
    batchReceivePolicy: { maxNumMessages: number; timeoutMs: number };
  }): Promise<NativeConsumer>;
  close(): Promise<null>;
}

/** A native producer. */
export interface NativeProducer {
  send(message: {
    data: Buffer;
    properties?: { [key: string]: string };
    eventTimestamp?: number;
    partitionKey?: string;
  }): Promise<NativeMessageId>;
  flush(): Promise<null>;
  close(): Promise<null>;
  getProducerName(): string;
}

/** A native consumer. */
export interface NativeConsumer {
  batchReceive(): Promise<NativeMessage[]>;
  acknowledgeId(messageId: NativeMessageId): Promise<null>;
  acknowledgeCumulativeId(messageId: NativeMessageId): Promise<null>;
  negativeAcknowledgeId(messageId: NativeMessageId): void;
  close(): Promise<null>;
  unsubscribe(): Promise<null>;
}

/** A native message. */
export interface NativeMessage {
  getTopicName(): string;
  getProperties(): { [key: string]: string };
  getData(): Buffer;
  getMessageId(): NativeMessageId;
  getPublishTimestamp(): number;
  getEventTimestamp(): number;
  getRedeliveryCount(): number;
  getPartitionKey(): string;
  getProducerName(): string;
}

/** A native message id. */
export interface NativeMessageId {
  serialize(): Buffer;
}
