import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BrokerEntryMetadata,
  CompressionType,
  crc32c,
  decodeFrame,
  encodeCommand,
  encodePayload,
  encodePayloadCommand,
  encodePayloadHead,
  encodeSend,
  FrameDecoder,
  MessageMetadata,
  ProtocolError,
  parsePayload,
} from '../../../src/pulsar/protocol/index.ts';

const metadata = MessageMetadata.encode({
  producerName: 'p',
  sequenceId: 7,
  publishTime: 1_700_000_000_000,
  compression: CompressionType.NONE,
});
const payload = Buffer.from('the payload');
const frames = [
  encodeCommand('PING', {}),
  encodeCommand('LOOKUP', { topic: 'persistent://public/default/t', requestId: 1 }),
  Buffer.concat(encodeSend({ producerId: 1, sequenceId: 7 }, metadata, payload)),
  encodeCommand('FLOW', { consumerId: 2, messagePermits: 1000 }),
];
const stream = Buffer.concat(frames);
const bodies = frames.map((frame) => frame.subarray(4));

test('crc32c of "123456789" is 0xE3069283, whole or in parts', () => {
  const digits = Buffer.from('123456789');
  expect(crc32c(digits)).toBe(0xe3069283);
  for (let cut = 0; cut <= digits.length; cut++) {
    expect(crc32c(digits, cut, digits.length, crc32c(digits, 0, cut))).toBe(0xe3069283);
  }
});

test('crc32c is that of RFC 3720 for any bytes, wherever they lie in memory, whole or in parts', () => {
  const bitByBit = (bytes: Uint8Array) => {
    let crc = ~0;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  expect(bitByBit(Buffer.alloc(32))).toBe(0x8a9136aa);
  const bytes = fc.uint8Array({ minLength: 64, maxLength: 300 });
  fc.assert(
    fc.property(bytes, fc.nat({ max: 20 }), fc.nat({ max: 20 }), fc.nat({ max: 300 }), (all, start, less, middle) => {
      const end = all.length - less;
      const cut = Math.min(Math.max(middle, start), end);
      const expected = bitByBit(all.subarray(start, end));
      expect(crc32c(all, start, end)).toBe(expected);
      expect(crc32c(all.subarray(start), cut - start, end - start, crc32c(all, start, cut))).toBe(expected);
    }),
    { numRuns: 300 },
  );
});

test('a stream split in two at any byte gives the same frames', () => {
  for (let cut = 0; cut <= stream.length; cut++) {
    const decoder = new FrameDecoder();
    const got = [...decoder.push(stream.subarray(0, cut)), ...decoder.push(stream.subarray(cut))];
    expect(got).toEqual(bodies);
  }
});

test('a stream that comes byte by byte gives the same frames', () => {
  const decoder = new FrameDecoder();
  expect([...stream].flatMap((byte) => decoder.push(Buffer.of(byte)))).toEqual(bodies);
});

test('a length above the limit is refused as soon as its four bytes are there', () => {
  const decoder = new FrameDecoder(100);
  expect(decoder.push(Buffer.from([0, 0, 0]))).toEqual([]);
  expect(() => decoder.push(Buffer.from([101]))).toThrow(ProtocolError);
  expect(() => new FrameDecoder().push(Buffer.from('GET / HTTP/1.1'))).toThrow(ProtocolError);
});

test('a frame whose command is longer than itself, cut or empty is refused', () => {
  const ping = bodies[0] as Buffer;
  for (let length = 0; length < ping.length; length++) {
    expect(() => decodeFrame(ping.subarray(0, length))).toThrow(ProtocolError);
  }
  expect(() => decodeFrame(Buffer.from('0000000208128201', 'hex'))).toThrow(/no body/);
  expect(() => decodeFrame(Buffer.from('00000000', 'hex'))).toThrow(/type/);
});

test('an unknown command is told as such with its number', () => {
  const frame = Buffer.from('00000005' + '0846' + 'b20400', 'hex');
  expect(decodeFrame(frame).command).toEqual({ type: 'UNKNOWN', number: 70 });
});

test('SEND carries checksum, metadata and payload', () => {
  const { command, headersAndPayload } = decodeFrame(bodies[2] as Buffer);
  expect(command).toMatchObject({ type: 'SEND', fields: { producerId: 1, sequenceId: 7, numMessages: undefined } });
  expect(headersAndPayload?.subarray(0, 2).toString('hex')).toBe('0e01');
  const parsed = parsePayload(headersAndPayload as Buffer);
  expect(parsed).toMatchObject({ checksumOk: true, metadata: { producerName: 'p', sequenceId: 7 }, payload });
  expect(parsed.checksumOk && parsed.metadataSize).toBe(metadata.length);
});

test('a stored entry is replayed byte for byte in MESSAGE, behind broker entry metadata if there is any', () => {
  const stored = encodePayload(metadata, payload);
  const entry = BrokerEntryMetadata.encode({ brokerTimestamp: 5, index: 9 });
  const header = Buffer.alloc(6);
  header.writeUInt16BE(0x0e02);
  header.writeUInt32BE(entry.length, 2);
  const frame = encodePayloadCommand(
    'MESSAGE',
    { consumerId: 1, messageId: { ledgerId: 3, entryId: 4 }, ackSet: [1n] },
    Buffer.concat([header, entry, stored]),
  );
  const decoded = decodeFrame(Buffer.concat(frame).subarray(4));
  expect(decoded.command).toMatchObject({ type: 'MESSAGE', fields: { ackSet: [1n], redeliveryCount: undefined } });
  expect(parsePayload(decoded.headersAndPayload as Buffer)).toMatchObject({
    brokerEntryMetadata: { brokerTimestamp: 5, index: 9 },
    payload,
  });
});

test('the head of an entry and its payload, one after the other, are the entry', () => {
  const parts = [encodePayloadHead(metadata, payload), payload];
  expect(Buffer.concat(parts)).toEqual(encodePayload(metadata, payload));
});

test('a flipped bit anywhere behind the checksum is found', () => {
  const stored = encodePayload(metadata, payload);
  for (let at = 6; at < stored.length; at++) {
    const bad = Buffer.from(stored);
    bad[at] = (bad[at] as number) ^ 4;
    expect(parsePayload(bad)).toEqual({ checksumOk: false });
  }
});

test('an entry without checksum is read, a truncated one is refused', () => {
  const bare = encodePayload(metadata, payload).subarray(6);
  expect(parsePayload(bare)).toMatchObject({ checksumOk: true, payload });
  for (let length = 0; length < 4 + metadata.length; length++) {
    expect(() => parsePayload(bare.subarray(0, length))).toThrow(ProtocolError);
  }
});
