import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { SchemaDefinition } from '../../src/core/schema/definition.ts';
import { keyValueDefinition, keyValueParts } from '../../src/core/schema/key-value.ts';
import { writtenSchemasContract } from '../contracts/written-schemas.ts';
import { TestBroker } from '../emulator/broker/test-broker.ts';
import { current } from './kit/admin.ts';
import { crashAtCall, toCrash } from './kit/ports.ts';
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

  test.each(['EFFECTIVELY_ONCE', 'ATLEAST_ONCE'] as const)(
    'records bring schemas of their own, each topic a version for each, whatever call a run dies at: %s',
    async (guarantee) => {
      await using world = await World.start();
      const definition = (...names: string[]): SchemaDefinition => {
        const fields = names.map((name) => ({ name, type: ['null', 'string'], default: null }));
        return keyValueDefinition({
          key: { type: 'String', name: 'k', data: Buffer.alloc(0), properties: {} },
          value: {
            type: 'Json',
            name: 'v',
            data: Buffer.from(JSON.stringify({ type: 'record', name: 'V', fields })),
            properties: {},
          },
          encoding: 'SEPARATED',
        });
      };
      const [narrow, wide] = [definition('a'), definition('a', 'b')];
      for (let at = 1, isOver = false; !isOver; at += 4) {
        const [topic, other] = [await world.newTopic(), await world.newTopic()];
        for (const it of [topic, other]) await world.setDeduplication(it, true);
        const source = listSource(topic, guarantee);
        world.list.partitions.clear();
        const of = (value: string, schema?: SchemaDefinition, destinationTopic?: string) => ({
          ...{ value, key: value },
          ...(schema && { schema }),
          ...(destinationTopic !== undefined && { destinationTopic }),
        });
        world.list.add('p', of('1', narrow), of('2', narrow), of('3', wide), of('4'), of('5', wide, other));
        isOver = await world.attempt(source, { watch: crashAtCall(at) }).then(() => true, toCrash);
        await world.attempt(source);
        const session = await world.deps.openSession();
        const fieldsAt = async (name: string, version: Uint8Array | undefined): Promise<string> => {
          const found = version && (await session.schema?.(name, version));
          if (!found) return 'none';
          const { fields } = JSON.parse(Buffer.from(keyValueParts(found).value.data).toString());
          return fields.map((field: { name: string }) => field.name).join('');
        };
        const written = async (name: string) => {
          const all = await world.read(name);
          return new Set(
            await Promise.all(all.map(async (it) => `${it.text} ${await fieldsAt(name, it.schemaVersion)}`)),
          );
        };
        expect({ at, found: await written(topic) }).toEqual({ at, found: new Set(['1 a', '2 a', '3 ab', '4 none']) });
        expect(await written(other)).toEqual(new Set(['5 ab']));
        if (guarantee === 'EFFECTIVELY_ONCE') expect(await world.texts(topic)).toHaveLength(4);
        await session.close();
        expect(at).toBeLessThan(300);
      }
    },
    60_000,
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
