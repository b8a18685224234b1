/**
 * Stands in for npm `pulsar-client`, whose addon installs on none of our machines: what its `index.d.ts` declares and runs use, and nothing beside it, over our
 * own client. Errors are plain, as the addon's: a text, no code, no cause.
 */

import * as Ours from '../../../../src/pulsar/index.ts';
import type * as Theirs from '../../../fixtures/pulsar-client-1.18/index.d.ts';

const plain = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw new Error((error as Error).message);
  }
};

class MessageId implements Theirs.MessageId {
  readonly #inner: Ours.MessageId;

  constructor(inner = Ours.MessageId.earliest()) {
    this.#inner = inner;
  }

  static earliest = () => new MessageId();
  static latest = () => new MessageId(Ours.MessageId.latest());
  static deserialize = (data: Buffer) => new MessageId(Ours.MessageId.deserialize(data));
  static innerOf = (id: Theirs.MessageId) => (id as MessageId).#inner;
  serialize = () => this.#inner.serialize();
  toString = () => this.#inner.toString();
}

const toTheirs = (inner: Ours.Message): Theirs.Message => ({
  getTopicName: () => inner.getTopicName(),
  getProperties: () => Object.assign([], inner.getProperties()) as unknown as { [key: string]: string },
  getData: () => inner.getData(),
  getMessageId: () => new MessageId(inner.getMessageId()),
  getPublishTimestamp: () => inner.getPublishTimestamp(),
  getEventTimestamp: () => inner.getEventTimestamp(),
  getRedeliveryCount: () => inner.getRedeliveryCount(),
  getPartitionKey: () => inner.getPartitionKey(),
  getOrderingKey: () => inner.getOrderingKey(),
  getProducerName: () => inner.getProducerName(),
  isReplicated: () => inner.isReplicated(),
  getReplicatedFrom: () => inner.getReplicatedFrom(),
  getEncryptionContext: () => inner.getEncryptionContext(),
});

const toTheirProducer = (inner: Ours.Producer): Theirs.Producer => ({
  send: async (message) => new MessageId(await plain(inner.send(message))),
  flush: () => plain(inner.flush()),
  close: () => plain(inner.close()),
  getProducerName: () => inner.getProducerName(),
  getTopic: () => inner.getTopic(),
  isConnected: () => inner.isConnected(),
});

const toTheirConsumer = (inner: Ours.Consumer): Theirs.Consumer => {
  const idOf = (message: Theirs.Message) => MessageId.innerOf(message.getMessageId());
  return {
    receive: async (timeout) => toTheirs(await plain(inner.receive(timeout))),
    batchReceive: async () => (await plain(inner.batchReceive())).map(toTheirs),
    acknowledge: (message) => plain(inner.acknowledgeId(idOf(message))),
    acknowledgeId: (id) => plain(inner.acknowledgeId(MessageId.innerOf(id))),
    negativeAcknowledge: (message) => inner.negativeAcknowledgeId(idOf(message)),
    negativeAcknowledgeId: (id) => inner.negativeAcknowledgeId(MessageId.innerOf(id)),
    acknowledgeCumulative: (message) => plain(inner.acknowledgeCumulativeId(idOf(message))),
    acknowledgeCumulativeId: (id) => plain(inner.acknowledgeCumulativeId(MessageId.innerOf(id))),
    seek: (id) => plain(inner.seek(MessageId.innerOf(id))),
    seekTimestamp: (timestamp) => plain(inner.seekTimestamp(timestamp)),
    isConnected: () => inner.isConnected(),
    close: () => plain(inner.close()),
    unsubscribe: () => plain(inner.unsubscribe()),
  };
};

class Client {
  readonly #inner: Ours.Client;

  constructor(config: Theirs.ClientConfig) {
    this.#inner = new Ours.Client({ log: () => undefined, ...(config as unknown as Ours.ClientConfig) });
  }

  static setLogHandler = Ours.Client.setLogHandler;
  createProducer = async (config: Theirs.ProducerConfig) =>
    toTheirProducer(await plain(this.#inner.createProducer(config as Ours.ProducerConfig)));
  subscribe = async ({ listener: _, ...config }: Theirs.ConsumerConfig) =>
    toTheirConsumer(await plain(this.#inner.subscribe(config as Ours.ConsumerConfig)));
  createReader = async (): Promise<Theirs.Reader> => {
    throw new Error('runs read nothing without a subscription through npm pulsar-client');
  };
  getPartitionsForTopic = (topic: string) => plain(this.#inner.getPartitionsForTopic(topic));
  close = () => plain(this.#inner.close());
}

export default {
  Client,
  MessageId,
  AuthenticationToken: Ours.AuthenticationToken,
} satisfies Pick<typeof Theirs, 'Client' | 'MessageId' | 'AuthenticationToken'>;
