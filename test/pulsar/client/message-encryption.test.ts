import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { payloadDecrypter, payloadEncrypter } from '../../../src/pulsar/client/message-encryption.ts';
import { MessageMetadata } from '../../../src/pulsar/protocol/index.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const info = (key: string | Buffer) => ({ key: Buffer.from(key), metadata: {} });
const reader = {
  getPublicKey: () => info(publicKey.export({ type: 'spki', format: 'pem' })),
  getPrivateKey: () => info(privateKey.export({ type: 'pkcs8', format: 'pem' })),
};
const metadataOf = (fields: object): MessageMetadata =>
  MessageMetadata.decode(MessageMetadata.encode({ producerName: 'p', sequenceId: 1, publishTime: 1, ...fields }));

test('the data key is kept for four hours and then replaced, the vector is never used twice', () => {
  let nowMs = 0;
  const encrypt = payloadEncrypter({
    keyNames: ['a'],
    keyReader: reader,
    failureAction: 'FAIL',
    onFailure: () => undefined,
    nowMs: () => nowMs,
  });
  const text = Buffer.from('text');
  const wrappedAt = (atMs: number) => {
    nowMs = atMs;
    const { fields } = encrypt(text);
    return [fields.encryptionKeys?.[0]?.value, fields.encryptionParam];
  };
  const [first, second, third] = [wrappedAt(0), wrappedAt(4 * 3_600_000 - 1), wrappedAt(4 * 3_600_000)];
  expect(second?.[0]).toBe(first?.[0]);
  expect(second?.[1]).not.toEqual(first?.[1]);
  expect(third?.[0]).not.toEqual(first?.[0]);
});

test('bytes that were changed, cut or not encrypted at all are not decrypted, and nothing throws', () => {
  const failures: unknown[] = [];
  const settings = { keyNames: ['a'], keyReader: reader, failureAction: 'FAIL', onFailure: () => undefined } as const;
  const { payload, fields } = payloadEncrypter({ ...settings, nowMs: () => 0 })(Buffer.from('text'));
  const sealed = Buffer.from(payload);
  const decrypt = payloadDecrypter(reader, (error) => failures.push(error));
  const metadata = metadataOf(fields);
  expect(decrypt(metadata, sealed)?.toString()).toBe('text');
  const changed = Buffer.from(sealed);
  changed[0] = (changed[0] ?? 0) ^ 1;
  expect(decrypt(metadata, changed)).toBeUndefined();
  expect(decrypt(metadata, sealed.subarray(0, 10))).toBeUndefined();
  expect(decrypt(metadataOf({ ...fields, encryptionParam: Buffer.alloc(0) }), sealed)).toBeUndefined();
  const noKey = { encryptionKeys: [{ key: 'a', value: Buffer.from('no key') }], encryptionParam: Buffer.alloc(12) };
  expect(decrypt(metadataOf(noKey), sealed)).toBeUndefined();
  expect(failures).toHaveLength(1);
});
