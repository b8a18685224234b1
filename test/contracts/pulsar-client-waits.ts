import { expect, test } from '@jest/globals';
import { MessageId } from '../../src/pulsar/index.ts';
import { bytes, numbers, receiveValues, type UseBroker, usePulsarClients } from './pulsar-client-kit.ts';

const ABORTED = { code: 'Aborted' };

/** Signals, iteration and `await using`. */
export function waitCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  test('a wait for messages ends with its signal, and takes none away', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, subscription: 's', batchReceivePolicy: { maxNumMessages: 9 } });
    for (const wait of [
      (signal: AbortSignal) => consumer.receive({ signal }),
      (signal: AbortSignal) => consumer.batchReceive({ signal }),
      (signal: AbortSignal) => consumer.messages({ signal }).next(),
    ]) {
      const controller = new AbortController();
      const waiting = wait(controller.signal);
      controller.abort();
      await expect(waiting).rejects.toMatchObject(ABORTED);
      await expect(wait(AbortSignal.abort())).rejects.toMatchObject(ABORTED);
    }
    const producer = await client.createProducer({ topic });
    await Promise.all(numbers(3).map((value) => producer.send({ data: bytes(value) })));
    expect(await receiveValues(consumer, 3)).toEqual(numbers(3));
    await expect(consumer.receive({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'TimeOut' });
  });

  test('every other call ends with its signal', async () => {
    const client = clients.client();
    const topic = use().topic();
    const producer = await client.createProducer({ topic });
    const consumer = await client.subscribe({ topic, subscription: 's' });
    const id = await producer.send({ data: bytes('x') });
    const signal = AbortSignal.abort();
    const calls = [
      () => client.createProducer({ topic }, { signal }),
      () => client.subscribe({ topic, subscription: 'other' }, { signal }),
      () => client.createReader({ topic, startMessageId: MessageId.earliest() }, { signal }),
      () => client.getPartitionsForTopic(topic, { signal }),
      () => client.getSchema(topic, undefined, { signal }),
      () => producer.send({ data: bytes('never') }, { signal }),
      () => producer.flush({ signal }),
      () => consumer.acknowledgeId(id, { signal }),
      () => consumer.seek(id, { signal }),
      () => consumer.getLastMessageId({ signal }),
      () => consumer.close({ signal }),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject(ABORTED);
    expect(await receiveValues(consumer, 1)).toEqual(['x']);
  });

  test('a producer that was given up while it was being created does not stay', async () => {
    const client = clients.client();
    const topic = use().topic();
    const controller = new AbortController();
    const creating = client.createProducer({ topic, accessMode: 'Exclusive' }, { signal: controller.signal });
    controller.abort();
    await expect(creating).rejects.toMatchObject(ABORTED);
    const next = await client.createProducer({ topic, accessMode: 'WaitForExclusive' });
    expect(next.isConnected()).toBe(true);
  });

  test('consumers and readers are iterated until they are closed', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, subscription: 's', subscriptionInitialPosition: 'Earliest' });
    const producer = await client.createProducer({ topic });
    await Promise.all(numbers(4).map((value) => producer.send({ data: bytes(value) })));
    const reader = await client.createReader({ topic, startMessageId: MessageId.earliest() });
    for (const source of [consumer, reader]) {
      const values: string[] = [];
      for await (const message of source) {
        values.push(message.getData().toString());
        if (values.length === 4) await source.close();
      }
      expect(values).toEqual(numbers(4));
    }
  });

  test('disposing closes, and what is closed already is left alone', async () => {
    const client = clients.client();
    const topic = use().topic();
    const producer = await client.createProducer({ topic });
    const consumer = await client.subscribe({ topic, subscription: 's' });
    const reader = await client.createReader({ topic, startMessageId: MessageId.earliest() });
    for (const one of [producer, consumer, reader, client, producer, client]) await one[Symbol.asyncDispose]();
    await expect(producer.send({ data: bytes('x') })).rejects.toMatchObject({ code: 'AlreadyClosed' });
  });
}
