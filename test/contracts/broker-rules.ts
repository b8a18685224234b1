import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { ServerError } from '../../src/pulsar/protocol/index.ts';
import { fieldsOf, type TestEntry, type WireClient } from '../emulator/broker/wire-client.ts';

/** A broker whose facts are asked for. */
export interface RulesBroker {
  /** Connects and shakes hands. */
  connect(): Promise<WireClient>;
  /** Admin REST; throws on an error status. */
  admin(method: string, path: string, body?: unknown): Promise<unknown>;
  /** SIGKILL and start again, on the same data. */
  killAndRestart(): Promise<void>;
  /** With deduplication enabled, where messages that nobody keeps are deleted. */
  readonly namespace: string;
}

const SHARED = 1;
const CUMULATIVE = 1;
const LATEST = 0;
const EARLIEST = 1;

const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `m${from + index}`);

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await sleep(20);
};

/** What GUARANTEES says a broker does, rule by rule; what we promise rests on it. */
export const brokerRulesContract = (name: string, broker: () => RulesBroker): void => {
  describe(name, () => {
    const newTopic = () => `persistent://${broker().namespace}/rules-${randomUUID()}`;
    const pathOf = (topic: string) => `/admin/v2/${topic.replace('://', '/')}`;

    /** A connection that knows who serves the topic. */
    const open = async (topic: string): Promise<WireClient> => {
      const client = await broker().connect();
      await client.request('LOOKUP', { topic, authoritative: false });
      return client;
    };
    const openProducer = async (topic: string) => {
      const client = await open(topic);
      const { lastSequenceId } = await client.producer(topic, 'p');
      return { client, lastSequenceId };
    };
    const lastSequence = async (topic: string) => {
      const { client, lastSequenceId } = await openProducer(topic);
      await client.request('CLOSE_PRODUCER', { producerId: 1 });
      client.destroy();
      return lastSequenceId;
    };
    const receipt = async (client: WireClient, entry: TestEntry): Promise<string> => {
      client.publish(1, entry);
      const { messageId } = await client.next('SEND_RECEIPT');
      return `${messageId?.ledgerId}:${messageId?.entryId}`;
    };
    const publish = async (client: WireClient, from: number, to: number) => {
      for (let sequenceId = from; sequenceId < to; sequenceId++) await receipt(client, { sequenceId });
    };
    const positionsOf = async (client: WireClient, consumerId = 1) => {
      const answer = await client.request('GET_LAST_MESSAGE_ID', { consumerId });
      return fieldsOf(answer, 'GET_LAST_MESSAGE_ID_RESPONSE');
    };
    const setDeduplication = async (topic: string, isOn: boolean) => {
      await broker().admin('POST', `/admin/v2/namespaces/${broker().namespace}/deduplication`, isOn);
      const status = isOn ? 'Enabled' : 'Disabled';
      await until(async () => {
        const stats = (await broker().admin('GET', `${pathOf(topic)}/stats`)) as { deduplicationStatus?: string };
        return stats.deduplicationStatus === status;
      });
    };

    test('rule 1: an entry that overlaps what is held is dropped whole, with an OK receipt of -1:-1', async () => {
      const { client } = await openProducer(newTopic());
      expect(await receipt(client, { sequenceId: 0, highestSequenceId: 4 })).toMatch(/^\d+:0$/);
      expect(await receipt(client, { sequenceId: 3, highestSequenceId: 9 })).toBe('-1:-1');
      expect(await receipt(client, { sequenceId: 5, highestSequenceId: 9 })).toMatch(/^\d+:1$/);
    });

    test('rule 2: a batch without highest sequence id is remembered by its first id only', async () => {
      const topic = newTopic();
      const { client } = await openProducer(topic);
      await receipt(client, { sequenceId: 0, metadata: { numMessagesInBatch: 10 } });
      await client.request('CLOSE_PRODUCER', { producerId: 1 });
      expect(await lastSequence(topic)).toBe(0);
    });

    test('rule 3: an entry that is refused in mid-pipeline burns its slot: its retry is answered OK and lost', async () => {
      const topic = newTopic();
      const { client } = await openProducer(topic);
      const corrupt = { sequenceId: 2, isCorrupt: true };
      client.publish(1, { sequenceId: 0 }, { sequenceId: 1 }, corrupt, { sequenceId: 3 }, { sequenceId: 4 });
      expect(await client.next('SEND_ERROR')).toMatchObject({ sequenceId: 2, error: ServerError.ChecksumError });
      for (const sequenceId of [0, 1, 3, 4]) expect(await client.next('SEND_RECEIPT')).toMatchObject({ sequenceId });
      expect(await receipt(client, { sequenceId: 2 })).toBe('-1:-1');
      await client.subscribe({ topic, initialPosition: EARLIEST });
      expect(await client.texts(4)).toEqual(['m0', 'm1', 'm3', 'm4']);
    });

    test('rule 5: a repeat of what is pushed and not stored yet is answered "unknown", and "held" once it is stored', async () => {
      const { client } = await openProducer(newTopic());
      client.publish(1, { sequenceId: 7 }, { sequenceId: 7 });
      expect(await client.next('SEND_ERROR')).toMatchObject({ sequenceId: 7, error: ServerError.PersistenceError });
      expect(await client.next('SEND_RECEIPT')).toMatchObject({ sequenceId: 7 });
      expect(await receipt(client, { sequenceId: 7 })).toBe('-1:-1');
    });

    test('rule 6: what is held of a name is told for each partition alone', async () => {
      const topic = newTopic();
      await broker().admin('PUT', `${pathOf(topic)}/partitions`, 2);
      const [even, odd] = [`${topic}-partition-0`, `${topic}-partition-1`];
      for (const [partition, sequenceId] of [
        [even, 8],
        [odd, 3],
      ] as const) {
        const { client } = await openProducer(partition);
        await receipt(client, { sequenceId });
        await client.request('CLOSE_PRODUCER', { producerId: 1 });
      }
      expect([await lastSequence(even), await lastSequence(odd)]).toEqual([8, 3]);
    });

    test('rule 39: a subscription that is made with the first producer keeps what is published, also over a kill', async () => {
      const topic = newTopic();
      const client = await open(topic);
      const producer = { topic, producerId: 1, producerName: 'p', initialSubscriptionName: 'keeps' };
      fieldsOf(await client.request('PRODUCER', producer), 'PRODUCER_SUCCESS');
      await receipt(client, { sequenceId: 7 });
      await broker().killAndRestart();
      const reader = await open(topic);
      await reader.subscribe({ topic, subscription: 'keeps', initialPosition: LATEST });
      expect(await reader.texts(1)).toEqual(['m7']);
    }, 360_000);

    test('rule 8: deduplication switched off and on forgets everything, says that it is enabled, and took repeats meanwhile', async () => {
      const topic = newTopic();
      const { client } = await openProducer(topic);
      await receipt(client, { sequenceId: 5 });
      try {
        await setDeduplication(topic, false);
        expect(await receipt(client, { sequenceId: 5 })).toMatch(/^\d+:1$/);
      } finally {
        await setDeduplication(topic, true);
      }
      await client.request('CLOSE_PRODUCER', { producerId: 1 });
      expect(await lastSequence(topic)).toBe(-1);
    }, 360_000);

    test('rule 9: a chunk counts as its message when entries are replayed, so the rest is dropped as held', async () => {
      const topic = newTopic();
      const { client } = await openProducer(topic);
      await client.subscribe({ topic, subscription: 'keeps' });
      const chunk = (chunkId: number): TestEntry => ({
        sequenceId: 1,
        metadata: { chunkId, numChunksFromMsg: 2, uuid: 'p-1', totalChunkMsgSize: 4 },
        send: { isChunk: true },
      });
      await receipt(client, chunk(0));
      await broker().killAndRestart();
      const { client: successor, lastSequenceId } = await openProducer(topic);
      expect(lastSequenceId).toBe(1);
      expect(await receipt(successor, chunk(1))).toBe('-1:-1');
    }, 360_000);

    test('rule 12: a name is refused while its holder answers, and given away, its socket closed, when it does not', async () => {
      const topic = newTopic();
      const { client: holder } = await openProducer(topic);
      await receipt(holder, { sequenceId: 3 });
      const rival = await open(topic);
      const register = () => rival.request('PRODUCER', { topic, producerId: 1, producerName: 'p' });
      expect(fieldsOf(await register(), 'ERROR')).toMatchObject({ error: ServerError.ProducerBusy });
      holder.isFrozen = true;
      // The check of the first refusal may have been answered just before.
      let answer = await register();
      while (answer.type === 'ERROR') answer = await register();
      expect(fieldsOf(answer, 'PRODUCER_SUCCESS').lastSequenceId).toBe(3);
      await holder.closed;
    }, 360_000);

    test('rule 17: an Exclusive subscription is refused to a second consumer while the first answers, and taken from a frozen one', async () => {
      const topic = newTopic();
      const { client: first } = await openProducer(topic);
      await first.subscribe({ topic });
      await publish(first, 0, 1);
      const second = await open(topic);
      await expect(second.subscribe({ topic })).rejects.toThrow(`ERROR ${ServerError.ConsumerBusy}`);
      first.isFrozen = true;
      await until(() =>
        second.subscribe({ topic }).then(
          () => true,
          () => false,
        ),
      );
      await first.closed;
      expect(await second.texts(1)).toEqual(['m0']);
    }, 360_000);

    test('rule 24 and rule 42: a killed broker forgets acknowledgements that it answered, and no receipted entry of a name', async () => {
      const topic = newTopic();
      const { client } = await openProducer(topic);
      await client.subscribe({ topic });
      await publish(client, 0, 30);
      const messages = [];
      while (messages.length < 30) messages.push(await client.message());
      const last = messages[29] as (typeof messages)[number];
      client.ack(last, { ackType: CUMULATIVE, requestId: 900 });
      await client.next('ACK_RESPONSE');
      await broker().killAndRestart();
      const { client: successor, lastSequenceId } = await openProducer(topic);
      expect(lastSequenceId).toBe(29);
      expect(await receipt(successor, { sequenceId: 29 })).toBe('-1:-1');
      expect(await receipt(successor, { sequenceId: 30 })).not.toBe('-1:-1');
      await successor.subscribe({ topic });
      expect(await successor.texts(31)).toEqual(texts(0, 31));
    }, 360_000);

    test('rule 25: a topic that was deleted and created again goes on with higher ledger ids, and knows no name', async () => {
      const topic = newTopic();
      const { client } = await openProducer(topic);
      const before = Number((await receipt(client, { sequenceId: 4 })).split(':')[0]);
      client.destroy();
      await broker().admin('DELETE', `${pathOf(topic)}?force=true`);
      const { client: again, lastSequenceId } = await openProducer(topic);
      expect(lastSequenceId).toBe(-1);
      expect(Number((await receipt(again, { sequenceId: 0 })).split(':')[0])).toBeGreaterThan(before);
    });

    test('rule 26: the mark-delete position lies before what a Shared consumer left unacknowledged, whatever is acknowledged behind it', async () => {
      const topic = newTopic();
      const { client } = await openProducer(topic);
      await client.subscribe({ topic, subType: SHARED });
      await publish(client, 0, 6);
      const messages = [];
      while (messages.length < 6) messages.push(await client.message());
      for (const index of [0, 3, 5]) client.ack(messages[index] as (typeof messages)[number]);
      await client.request('CLOSE_CONSUMER', { consumerId: 1 });
      await client.subscribe({ topic, consumerId: 2 }, 0);
      expect((await positionsOf(client, 2)).consumerMarkDeletePosition).toMatchObject({ entryId: 0 });
      client.send('FLOW', { consumerId: 2, messagePermits: 10 });
      expect(await client.texts(3)).toEqual(['m1', 'm2', 'm4']);
    });

    test('rule 27: a cursor that is set back closes its consumer and delivers again what was acknowledged', async () => {
      const topic = newTopic();
      const { client } = await openProducer(topic);
      await client.subscribe({ topic });
      await publish(client, 0, 4);
      const messages = [];
      while (messages.length < 4) messages.push(await client.message());
      client.ack(messages[3] as (typeof messages)[number], { ackType: CUMULATIVE, requestId: 901 });
      await client.next('ACK_RESPONSE');
      const { ledgerId, entryId } = (messages[1] as (typeof messages)[number]).fields.messageId;
      await client.request('SEEK', { consumerId: 1, messageId: { ledgerId, entryId } });
      await client.next('CLOSE_CONSUMER');
      const again = await open(topic);
      await again.subscribe({ topic, consumerId: 2 });
      expect(await again.texts(3)).toEqual(['m1', 'm2', 'm3']);
    });

    test('rule 34: whoever subscribes again gets all that was delivered and not acknowledged once more', async () => {
      const topic = newTopic();
      const { client } = await openProducer(topic);
      await client.subscribe({ topic });
      await publish(client, 0, 5);
      expect(await client.texts(5)).toEqual(texts(0, 5));
      client.destroy();
      const again = await open(topic);
      await until(() =>
        again.subscribe({ topic }).then(
          () => true,
          () => false,
        ),
      );
      expect(await again.texts(5)).toEqual(texts(0, 5));
    });

    test('rule 38: a letter that comes after a later one of its name is dropped as held', async () => {
      const { client } = await openProducer(newTopic());
      expect(await receipt(client, { sequenceId: 7 })).toMatch(/^\d+:0$/);
      expect(await receipt(client, { sequenceId: 5 })).toBe('-1:-1');
    });

    test('rule 42: an acknowledgement beyond the end changes nothing, and an unload forgets no name', async () => {
      const topic = newTopic();
      const { client } = await openProducer(topic);
      await client.subscribe({ topic });
      await publish(client, 0, 3);
      const first = await client.message();
      const { ledgerId } = first.fields.messageId;
      client.ack(first, { ackType: CUMULATIVE, messageId: [{ ledgerId, entryId: 99 }], requestId: 902 });
      await client.next('ACK_RESPONSE');
      expect((await positionsOf(client)).consumerMarkDeletePosition?.entryId ?? -1).toBe(-1);
      await broker().admin('PUT', `${pathOf(topic)}/unload`);
      expect(await lastSequence(topic)).toBe(2);
    });
  });
};
