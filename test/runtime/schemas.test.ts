import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PulsarIoError } from '../../src/core/errors.ts';
import { writtenSchemasContract } from '../contracts/written-schemas.ts';
import { TestBroker } from '../emulator/broker/test-broker.ts';
import { current } from './kit/admin.ts';
import { listSource, memorySink, World } from './kit/world.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker[Symbol.asyncDispose]());

writtenSchemasContract('the embedded broker', () => broker.running.serviceUrl);

describe('schemas from source to sink', () => {
  const schema = JSON.stringify({
    type: 'record',
    name: 'Order',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'note', type: ['null', 'string'], default: null },
    ],
  });
  const avro = { schemaType: 'AVRO', customRuntimeOptions: JSON.stringify({ schema }) };

  test.each(['EFFECTIVELY_ONCE', 'ATLEAST_ONCE'] as const)(
    'a source registers its schema, writes by it under %s, and a sink reads it',
    async (guarantee) => {
      await using world = await World.start();
      const topic = await world.newTopic();
      await world.setDeduplication(topic, true);
      const source = listSource(topic, guarantee, avro);
      world.list.pageRecords = 1;
      world.list.add('a', '{"id":9007199254740993,"note":null}', '{"id":2,"note":"ž"}');
      await world.attempt(source);
      world.list.add('a', '{"id":3,"note":"after a restart"}');
      await world.attempt(source);
      expect((await world.texts(topic)).some((text) => text.includes('{'))).toBe(false);
      await world.drain(memorySink(topic, 'plain', 'ATLEAST_ONCE'));
      expect(world.target.effects).toEqual([
        '{"id":9007199254740993,"note":null}',
        '{"id":2,"note":"ž"}',
        '{"id":3,"note":"after a restart"}',
      ]);
    },
  );

  test('what does not fit the schema goes to the dead-letter topic as it came, and the rest goes on', async () => {
    await using world = await World.start();
    const [topic, letters] = [await world.newTopic(), await world.newTopic()];
    const customRuntimeOptions = JSON.stringify({ schema, deadLetterTopic: letters });
    const source = listSource(topic, 'ATLEAST_ONCE', { ...avro, customRuntimeOptions });
    world.list.add('a', '{"id":1,"note":null}', '{"id":"one"}', 'not JSON', '{"id":2,"note":null}');
    await world.attempt(source);
    expect(await world.texts(letters)).toEqual(['{"id":"one"}', 'not JSON']);
    await world.drain(memorySink(topic, 'plain', 'ATLEAST_ONCE'));
    expect(world.target.effects).toEqual(['{"id":1,"note":null}', '{"id":2,"note":null}']);
  });

  test('a dead letter keeps its bytes, and is read by its schema when it is sent back', async () => {
    await using world = await World.start();
    const [topic, letters] = [await world.newTopic(), await world.newTopic()];
    world.list.add('a', '{"id":1,"note":"bad"}', '{"id":2,"note":"good"}');
    await world.attempt(listSource(topic, 'ATLEAST_ONCE', avro));
    world.target.failureOf = ({ value }) =>
      String(value).includes('bad') ? new PulsarIoError('PIO_SINK_REJECTED', 'never') : undefined;
    const sink = await current(world, memorySink(topic, 'plain', 'ATLEAST_ONCE', { deadLetterTopic: letters }));
    await world.drain(sink);
    const [bytes] = await world.texts(topic);
    expect(await world.texts(letters)).toEqual([bytes]);
    world.target.failureOf = () => undefined;
    await world.attempt({
      ...sink,
      keepsBooks: true,
      redrive: { number: 1, topics: [topic], through: { [letters]: 'all' } },
    });
    expect(world.target.effects.toSorted()).toEqual(['{"id":1,"note":"bad"}', '{"id":2,"note":"good"}']);
  });
});
