import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { GUARANTEES } from '../../src/core/guarantee.ts';
import { Client, CryptoKeyReader } from '../../src/pulsar/index.ts';
import { memorySink, texts, World } from './kit/world.ts';

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

class PublicKeyOnly extends CryptoKeyReader {
  override getPublicKey() {
    return { key: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })), metadata: {} };
  }
}

let world: World;
let client: Client;
beforeEach(async () => {
  world = await World.start();
  client = new Client({ serviceUrl: world.broker.running.serviceUrl });
});
afterEach(async () => {
  await client.close();
  await world[Symbol.asyncDispose]();
});

test.each(GUARANTEES)(
  '%s: a message that nobody can read is dead-lettered, and what follows is written',
  async (guarantee) => {
    const [topic, letters] = [await world.newTopic(), await world.newTopic()];
    const sink = memorySink(topic, 'transactional', guarantee, { deadLetterTopic: letters });
    const encrypting = await client.createProducer({
      topic,
      encryptionKeys: ['k'],
      cryptoKeyReader: new PublicKeyOnly(),
    });
    await world.publish(topic, texts(2));
    await encrypting.send({ data: Buffer.from('secret') });
    await world.publish(topic, texts(2, 2));
    await world.drain(sink);
    expect([...world.target.effects].sort()).toEqual(texts(4));
    expect(await world.texts(letters)).toHaveLength(1);
    expect(await world.backlog(sink)).toBe(0);
  },
);

test.each(GUARANTEES)('%s: a message in chunks arrives as one', async (guarantee) => {
  const topic = await world.newTopic();
  const sink = memorySink(topic, 'transactional', guarantee);
  const producer = await client.createProducer({ topic, batchingEnabled: false, chunkingEnabled: true });
  const large = randomBytes(4 * 1024 * 1024).toString('hex');
  await world.publish(topic, texts(1));
  await producer.send({ data: Buffer.from(large) });
  await world.publish(topic, texts(1, 1));
  // Eight MiB take longer on a loaded machine than the attempts of other tests wait for.
  await world.drain(sink, { deps: { settings: { ...world.deps.settings, idleMs: 1_500 } } });
  expect(world.target.effects.map((text) => text.length)).toEqual([2, large.length, 2]);
  expect(await world.backlog(sink)).toBe(0);
});
