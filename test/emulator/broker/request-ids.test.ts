import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RequestIds } from '../../../src/emulator/broker/request-ids.ts';
import { decodeFrame, encodeCommand } from '../../../src/pulsar/protocol/index.ts';
import { Reader } from '../../../src/pulsar/protocol/reader.ts';
import { TestBroker } from './test-broker.ts';
import { fieldsOf } from './wire-client.ts';

/** A LOOKUP frame (without total size) whose request id is this varint. */
function lookupFrame(id: bigint): Buffer {
  const frame = encodeCommand('LOOKUP', { topic: 'x', requestId: 7 }).subarray(4);
  const at = frame.indexOf(Buffer.from([0x10, 7]));
  const bytes = Buffer.concat([frame.subarray(0, at + 1), varint(id), frame.subarray(at + 2)]);
  const grown = varint(id).length - 1;
  bytes.writeUInt32BE(frame.readUInt32BE() + grown);
  const bodyLengthAt = bytes.indexOf(Buffer.from([0xba, 0x01])) + 2;
  bytes.writeUInt8(bytes.readUInt8(bodyLengthAt) + grown, bodyLengthAt);
  return bytes;
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

/** The request id of an encoded SUCCESS. */
function successId(answer: Buffer): bigint {
  const reader = new Reader(answer, answer.length - 9);
  reader.readVarint();
  return (BigInt(reader.high) << 32n) | BigInt(reader.low);
}

test('a request id that does not fit a number comes back as it was', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }), (id) => {
      const ids = new RequestIds();
      const frame = lookupFrame(id);
      ids.narrow(frame);
      const { command } = decodeFrame(frame);
      const { requestId, topic } = fieldsOf(command, 'LOOKUP');
      expect(topic).toBe('x');
      const answer = encodeCommand('SUCCESS', { requestId: ids.placeholder(requestId) });
      ids.restore(answer, requestId);
      expect(successId(answer)).toBe(id);
    }),
  );
});

test('small request ids stay as they are', () => {
  const ids = new RequestIds();
  const frame = lookupFrame(2n ** 53n - 1n);
  const before = Buffer.from(frame);
  ids.narrow(frame);
  expect(frame).toEqual(before);
  expect(ids.placeholder(5)).toBe(5);
});

test('requests with wide ids are answered', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  client.send('LOOKUP', { topic: 'x', requestId: Number.MAX_SAFE_INTEGER });
  expect((await client.next('LOOKUP_RESPONSE')).requestId).toBe(Number.MAX_SAFE_INTEGER);
});
