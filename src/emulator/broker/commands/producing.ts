import type { CommandFields } from '../../../pulsar/protocol/commands.ts';
import { ProducerAccessMode, ServerError } from '../../../pulsar/protocol/enums.ts';
import { ProtocolError } from '../../../pulsar/protocol/protocol-error.ts';
import type { Connection } from '../connection.ts';
import { BrokerError } from '../errors.ts';
import { isExclusive, type Producer } from '../producer.ts';
import type { Topic } from '../topic.ts';
import { parseTopicName } from '../topic-name.ts';
import type { CommandHandlers } from './index.ts';
import { toRecord } from './key-values.ts';
import { registerSchema, versionBytes } from './schemas.ts';

/** Producers and what they send (PULSAR-WIRE 3.3, 3.4). */
export const producingCommands: CommandHandlers = {
  async PRODUCER(connection, fields) {
    const { producerId, requestId } = fields;
    const present = connection.producers.get(producerId);
    if (present) return answer(connection, fields, present.producer, present.topic);
    if (connection.pendingProducers.has(producerId)) {
      throw new BrokerError(ServerError.ServiceNotReady, 'Producer is already present on the connection');
    }
    connection.pendingProducers.add(producerId);
    try {
      const topic = openFor(connection, fields);
      const schemaVersion = fields.schema && registerSchema(connection.broker, topic.name, fields.schema);
      const producer = producerOf(connection, fields);
      await topic.addProducer(producer, {
        topicEpoch: fields.topicEpoch,
        onQueued: () =>
          connection.send('PRODUCER_SUCCESS', { requestId, producerName: producer.name, producerReady: false }),
        isWanted: () => connection.isOpen && connection.pendingProducers.has(producerId),
      });
      if (!connection.pendingProducers.has(producerId)) return topic.removeProducer(producer);
      connection.producers.set(producerId, { producer, topic });
      connection.droppedProducers.delete(producerId);
      answer(connection, fields, producer, topic, schemaVersion);
    } finally {
      connection.pendingProducers.delete(producerId);
    }
    connection.broker.settings.log(`producer ${requestId} of ${connection.address} is connected to ${fields.topic}`);
  },

  SEND(connection, fields, payload) {
    const connected = connection.producers.get(fields.producerId);
    if (connected && payload) connected.topic.publish(connected.producer, fields, payload);
    else if (!connection.droppedProducers.has(fields.producerId)) {
      throw new ProtocolError(`SEND for unknown producer ${fields.producerId}`);
    }
  },

  CLOSE_PRODUCER(connection, { producerId, requestId }) {
    connection.pendingProducers.delete(producerId);
    const connected = connection.producers.get(producerId);
    if (connected) {
      connection.broker.commits.flush();
      connection.producers.delete(producerId);
      connected.topic.removeProducer(connected.producer);
    }
    connection.send('SUCCESS', { requestId });
  },
};

function openFor(connection: Connection, fields: CommandFields<'PRODUCER'>): Topic {
  const { topics, topicStore, db } = connection.broker;
  const topic = topics.open(parseTopicName(fields.topic), true);
  if (topic.isTerminated) throw new BrokerError(ServerError.TopicTerminatedError, 'Topic was already terminated');
  const name = fields.initialSubscriptionName;
  if (name && !topic.subscriptions.has(name)) {
    const cursor = { name, markDelete: topic.startPosition(true), acked: [], properties: {} };
    db.transaction(() => topicStore.saveCursor(topic.topicId, cursor));
    topic.addSubscription(cursor, true);
  }
  return topic;
}

function producerOf(connection: Connection, fields: CommandFields<'PRODUCER'>): Producer {
  return {
    peer: connection,
    producerId: fields.producerId,
    name: fields.producerName || connection.broker.newProducerName(),
    epoch: fields.epoch ?? 0,
    accessMode: fields.producerAccessMode ?? ProducerAccessMode.Shared,
    properties: toRecord(fields.metadata),
    connectedAtMs: connection.broker.settings.now(),
    sentMessages: 0,
    sentBytes: 0,
  };
}

function answer(
  connection: Connection,
  { requestId }: CommandFields<'PRODUCER'>,
  producer: Producer,
  topic: Topic,
  schemaVersion?: number,
): void {
  connection.send('PRODUCER_SUCCESS', {
    requestId,
    producerName: producer.name,
    lastSequenceId: topic.dedup.lastSequenceId(producer.name),
    schemaVersion: schemaVersion === undefined ? Buffer.alloc(0) : versionBytes(schemaVersion),
    topicEpoch: isExclusive(producer) ? topic.access.epoch : undefined,
    producerReady: true,
  });
}
