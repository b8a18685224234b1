import { expect, test } from '@jest/globals';
import { bytes, expectNothingMore, receiveValues, type UseBroker, usePulsarClients } from './pulsar-client-kit.ts';

/** Producers that want a topic for themselves. */
export function accessCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  test('Exclusive: nobody else, exclusive or not, while it is there', async () => {
    const topic = use().topic();
    const first = await clients.client().createProducer({ topic, accessMode: 'Exclusive' });
    const client = clients.client();
    await expect(client.createProducer({ topic, accessMode: 'Exclusive' })).rejects.toThrow(
      'Failed to create producer: ResultProducerFenced',
    );
    await expect(client.createProducer({ topic })).rejects.toThrow('Failed to create producer: ProducerBusy');
    await first.close();
    await client.createProducer({ topic });
  });

  test('WaitForExclusive: is created when the one before has left, however long that takes', async () => {
    const topic = use().topic();
    const first = await clients.client().createProducer({ topic, accessMode: 'Exclusive' });
    const waiting = clients
      .client({ operationTimeoutSeconds: 3 })
      .createProducer({ topic, accessMode: 'WaitForExclusive' });
    const isDone = await Promise.race([
      waiting.then(() => true),
      new Promise((resolve) => setTimeout(resolve, 3_500, false)),
    ]);
    expect(isDone).toBe(false);
    await first.close();
    const producer = await waiting;
    expect(String(await producer.send({ data: bytes('x') }))).toMatch(/^\(\d+/);
  });

  test('ExclusiveWithFencing: takes the topic from the one that has it, whose sends then fail for good', async () => {
    const topic = use().topic();
    const consumer = await clients.client().subscribe({ topic, subscription: 's' });
    const first = await clients.client().createProducer({ topic, accessMode: 'Exclusive' });
    await first.send({ data: bytes('before') });
    const second = await clients.client().createProducer({ topic, accessMode: 'ExclusiveWithFencing' });
    await expect(first.send({ data: bytes('fenced') })).rejects.toThrow('Failed to send message: ResultProducerFenced');
    await expect(first.send({ data: bytes('fenced') })).rejects.toThrow('Failed to send message: ResultProducerFenced');
    await second.send({ data: bytes('after') });
    expect(await receiveValues(consumer, 2)).toEqual(['before', 'after']);
    await expectNothingMore(consumer);
  });
}
