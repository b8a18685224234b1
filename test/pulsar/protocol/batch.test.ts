import { expect, test } from '@jest/globals';
import { decodeBatch, encodeBatch, ProtocolError } from '../../../src/pulsar/protocol/index.ts';

const messages = [
  {
    metadata: { sequenceId: 1, partitionKey: 'k', properties: [{ key: 'a', value: 'b' }] },
    payload: Buffer.from('one'),
  },
  { metadata: { sequenceId: 2, nullValue: true }, payload: Buffer.alloc(0) },
  { metadata: { sequenceId: 3, orderingKey: Buffer.from([1, 2]) }, payload: Buffer.from('three') },
];

test('a batch comes apart as it was put together', () => {
  const got = decodeBatch(encodeBatch(messages), 3);
  expect(got.map(({ payload }) => payload)).toEqual(messages.map(({ payload }) => payload));
  expect(got.map(({ metadata }) => metadata)).toMatchObject(messages.map(({ metadata }) => metadata));
});

test('a batch cut anywhere, or with a greater count than it holds, is refused', () => {
  const batch = encodeBatch(messages);
  for (let length = 0; length < batch.length; length++) {
    expect(() => decodeBatch(batch.subarray(0, length), 3)).toThrow(ProtocolError);
  }
  expect(() => decodeBatch(batch, 2_000_000_000)).toThrow(ProtocolError);
});

test('a negative payload size is refused', () => {
  const batch = Buffer.from('0000000b18ffffffffffffffffff01', 'hex');
  expect(() => decodeBatch(batch, 1)).toThrow(ProtocolError);
});
