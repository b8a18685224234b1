import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { catalogueOf } from '../../src/connectors/catalogue-of.ts';
import { voidSink } from '../../src/connectors/void/sink.ts';
import { sinkRecord } from '../contracts/sink.ts';
import { memorySink, texts, World } from '../runtime/kit/world.ts';
import { configOf, context, problemsOf } from './open.ts';

let world: World;
beforeEach(async () => {
  world = await World.start();
});
afterEach(() => world[Symbol.asyncDispose]());

test.each(['ATMOST_ONCE', 'ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const)(
  'the void sink settles whatever comes, bytes, tombstones and all, under %s',
  async (guarantee) => {
    const topic = await world.newTopic();
    await world.publish(topic, [...texts(20), '', '\u0000']);
    const sink = { ...memorySink(topic, 'versioned', guarantee), type: 'void' };
    const catalogue = catalogueOf([voidSink], []);
    await world.drain(sink, { deps: { catalogue } });
    expect(await world.backlog(sink)).toBe(0);
  },
);

test('the void sink gives each record a result, ends with its run, and takes no keys', async () => {
  const sink = await voidSink.open(configOf(voidSink, {}), context());
  const records = [sinkRecord(1, { bytes: Buffer.from('a') }), sinkRecord(2, {})];
  expect(await sink.write(records, new AbortController().signal)).toEqual([{ ok: true }, { ok: true }]);
  expect(await sink.write([], new AbortController().signal)).toEqual([]);
  await expect(sink.write(records, AbortSignal.abort())).rejects.toMatchObject({ code: 'PIO_ABORTED' });
  await sink.close();
  await sink.close();
  expect(problemsOf(voidSink, { path: 'x' })).toEqual(['/configs/path']);
});
