import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CryptoKeyReader, MessageId } from '../../src/pulsar/index.ts';
import {
  bytes,
  expectNothingMore,
  numbers,
  receiveValues,
  type UseBroker,
  usePulsarClients,
} from './pulsar-client-kit.ts';

const shared = { subscription: 's', subscriptionType: 'Shared', subscriptionInitialPosition: 'Earliest' } as const;
const pems = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

/** Knows the key pairs that it was given, by name. */
class Keys extends CryptoKeyReader {
  private readonly pairs: Readonly<Record<string, { publicKey: string; privateKey: string }>>;
  constructor(pairs: Readonly<Record<string, { publicKey: string; privateKey: string }>>) {
    super();
    this.pairs = pairs;
  }
  private read(name: string, kind: 'publicKey' | 'privateKey') {
    const pair = this.pairs[name];
    if (pair === undefined) throw new Error(`no key ${name}`);
    return { key: Buffer.from(pair[kind]), metadata: { version: '1' } };
  }
  override getPublicKey(name: string) {
    return this.read(name, 'publicKey');
  }
  override getPrivateKey(name: string) {
    return this.read(name, 'privateKey');
  }
}

/** End-to-end encryption. */
export function encryptionCases(use: UseBroker): void {
  const clients = usePulsarClients(use);
  const [a, b] = [pems(), pems()];
  const keys = new Keys({ a, b });
  const forA = { cryptoKeyReader: keys, encryptionKeys: ['a'] };
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'pulsar-keys-'));
    writeFileSync(join(directory, 'public.pem'), a.publicKey);
    writeFileSync(join(directory, 'private.pem'), a.privateKey);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each([
    ['alone', { batchingEnabled: false }],
    ['in a compressed batch', { compressionType: 'LZ4', batchingMaxPublishDelayMs: 50 }],
  ] as const)('messages %s are read with the private key, and say how they were encrypted', async (_, options) => {
    const topic = use().topic();
    const client = clients.client();
    const producer = await client.createProducer({ topic, ...options, ...forA });
    const consumer = await client.subscribe({ topic, ...shared, cryptoKeyReader: keys });
    await Promise.all(numbers(10).map((value) => producer.send({ data: bytes(value) })));
    expect(await receiveValues(consumer, 9)).toEqual(numbers(9));
    const message = await consumer.receive(10_000);
    expect(message.getData().toString()).toBe('9');
    const batchSize = 'batchingEnabled' in options ? -1 : 10;
    expect(message.getEncryptionContext()).toMatchObject({
      keys: [{ key: 'a', metadata: { version: '1' } }],
      batchSize,
      isDecryptionFailed: false,
    });
    expect(message.getEncryptionContext()?.param).toHaveLength(12);
  });

  test('key files do, and each of several recipients can read', async () => {
    const topic = use().topic();
    const client = clients.client();
    const forBoth = { cryptoKeyReader: keys, encryptionKeys: ['b', 'a'] };
    const producers = [
      await client.createProducer({ topic, publicKeyPath: join(directory, 'public.pem'), encryptionKey: 'any' }),
      await client.createProducer({ topic, ...forBoth }),
    ];
    for (const producer of producers) await producer.send({ data: bytes('secret') });
    const privateKeyPath = join(directory, 'private.pem');
    const consumer = await client.subscribe({ topic, ...shared, privateKeyPath });
    expect(await receiveValues(consumer, 2)).toEqual(['secret', 'secret']);
    const reader = await client.createReader({ topic, startMessageId: MessageId.earliest(), privateKeyPath });
    expect((await reader.readNext(10_000)).getData().toString()).toBe('secret');
  });

  test('a message in chunks is encrypted chunk by chunk', async () => {
    const topic = use().topic();
    const client = clients.client();
    const producer = await client.createProducer({ topic, batchingEnabled: false, chunkingEnabled: true, ...forA });
    const consumer = await client.subscribe({ topic, ...shared, cryptoKeyReader: keys });
    const data = Buffer.alloc(6 * 1024 * 1024, 'abcdefg');
    await producer.send({ data });
    const message = await consumer.receive(20_000);
    expect([message.getData().equals(data), message.getEncryptionContext()?.isDecryptionFailed]).toEqual([true, false]);
  });

  async function sendEncrypted(): Promise<string> {
    const topic = use().topic();
    const producer = await clients.client().createProducer({ topic, batchingMaxPublishDelayMs: 50, ...forA });
    await Promise.all(numbers(3).map((value) => producer.send({ data: bytes(value) })));
    await producer.close();
    const open = await clients.client().createProducer({ topic });
    await open.send({ data: bytes('open') });
    await open.close();
    return topic;
  }

  test.each([
    ['without a key', {}],
    ['with the wrong key', { cryptoKeyReader: new Keys({ a: b }) }],
  ])('FAIL %s: the message is not delivered and stays', async (_, options) => {
    const topic = await sendEncrypted();
    const consumer = await clients.client().subscribe({ topic, ...shared, ackReceipt: true, ...options });
    const message = await consumer.receive(10_000);
    expect(message.getData().toString()).toBe('open');
    await consumer.acknowledge(message);
    await consumer.close();
    const next = await clients.client().subscribe({ topic, ...shared, cryptoKeyReader: keys });
    expect(await receiveValues(next, 3)).toEqual(numbers(3));
  });

  test('DISCARD: the message is acknowledged', async () => {
    const topic = await sendEncrypted();
    const consumer = await clients
      .client()
      .subscribe({ topic, ...shared, cryptoFailureAction: 'DISCARD', ackReceipt: true });
    const message = await consumer.receive(10_000);
    expect(message.getData().toString()).toBe('open');
    await consumer.acknowledge(message);
    await consumer.close();
    await expectNothingMore(await clients.client().subscribe({ topic, ...shared, cryptoKeyReader: keys }));
  });

  test('CONSUME: the batch is delivered as it is, as one message', async () => {
    const topic = await sendEncrypted();
    const consumer = await clients.client().subscribe({ topic, ...shared, cryptoFailureAction: 'CONSUME' });
    const message = await consumer.receive(10_000);
    expect(message.getEncryptionContext()).toMatchObject({
      isDecryptionFailed: true,
      batchSize: 3,
      compressionType: 'None',
    });
    expect((await consumer.receive(10_000)).getData().toString()).toBe('open');
  });

  test('a key that cannot be had: FAIL rejects the send, SEND sends it as it is', async () => {
    const topic = use().topic();
    const client = clients.client();
    const consumer = await client.subscribe({ topic, ...shared });
    const missing = { cryptoKeyReader: keys, encryptionKeys: ['missing'] };
    const failing = await client.createProducer({ topic, ...missing });
    await expect(failing.send({ data: bytes('x') })).rejects.toThrow('Failed to send message: CryptoError');
    const open = await client.createProducer({ topic, ...missing, cryptoFailureAction: 'SEND' });
    await open.send({ data: bytes('open') });
    expect(await receiveValues(consumer, 1)).toEqual(['open']);
  });

  test('half a configuration is refused rather than sent in the open', async () => {
    const client = clients.client();
    for (const options of [{ encryptionKeys: ['a'] }, { cryptoKeyReader: keys }, { publicKeyPath: 'x' }]) {
      const refused = client.createProducer({ topic: use().topic(), ...options });
      await expect(refused).rejects.toThrow('Failed to create producer: encryption needs key names');
    }
  });
}
