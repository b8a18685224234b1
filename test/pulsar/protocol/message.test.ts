import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CommandName, commands } from '../../../src/pulsar/protocol/commands.ts';
import {
  decodeFrame,
  encodeCommand,
  KeyValue,
  MessageIdData,
  MessageMetadata,
  ProtocolError,
  SingleMessageMetadata,
} from '../../../src/pulsar/protocol/index.ts';
import { messageArbitrary } from './arbitraries.ts';

const LATEST = Number.MAX_SAFE_INTEGER;
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

for (const type of Object.keys(commands) as CommandName[]) {
  test(`${type} comes back from the wire as it was sent`, () => {
    fc.assert(
      fc.property(messageArbitrary(commands[type].body), (fields) => {
        const frame = encodeCommand(type, fields as never).subarray(4);
        expect(decodeFrame(frame).command).toEqual({ type, fields });
      }),
      { numRuns: 30 },
    );
  });
}

for (const [name, type] of Object.entries({ MessageMetadata, SingleMessageMetadata, MessageIdData })) {
  test(`${name} comes back from the wire as it was written`, () => {
    fc.assert(
      fc.property(messageArbitrary(type), (value) => {
        expect(type.decode(type.encode(value as never))).toEqual(value);
      }),
    );
  });
}

test('a command number is also the field number of its body', () => {
  const numbers = Object.values(commands).map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(encodeCommand('PING', {}).toString('hex')).toBe('0000000900000005' + '0812' + '920100');
});

test.each([
  ['2^53-1', 2 ** 53 - 1, '08ffffffffffffff0f'],
  ['2^53', 2n ** 53n, '088080808080808010'],
  ['2^63-1', 2n ** 63n - 1n, '08ffffffffffffffff7f'],
  ['none', -1, '08ffffffffffffffffff01'],
])('the request id %s travels as it is', (_, requestId, body) => {
  const frame = encodeCommand('SUCCESS', { requestId });
  expect(frame.toString('hex').endsWith(body)).toBe(true);
  expect(decodeFrame(frame.subarray(4)).command).toMatchObject({ type: 'SUCCESS', fields: { requestId } });
});

test('-1 travels as 2^64-1 and "latest" as 2^63-1', () => {
  const earliest = MessageIdData.encode({ ledgerId: -1, entryId: -1 });
  expect(earliest).toEqual(hex('08 ffffffffffffffffff01 10 ffffffffffffffffff01'));
  expect(MessageIdData.decode(earliest)).toMatchObject({ ledgerId: -1, entryId: -1, partition: undefined });
  const latest = MessageIdData.encode({ ledgerId: LATEST, entryId: LATEST });
  expect(latest).toEqual(hex('08 ffffffffffffffff7f 10 ffffffffffffffff7f'));
  expect(MessageIdData.decode(latest)).toMatchObject({ ledgerId: LATEST, entryId: LATEST });
});

test('a negative partition and an ack set are ten-byte varints', () => {
  const id = MessageIdData.encode({ ledgerId: 1, entryId: 2, partition: -1, ackSet: [-1n, 5n] });
  expect(id).toEqual(hex('0801 1002 18ffffffffffffffffff01 28ffffffffffffffffff01 2805'));
  expect(MessageIdData.decode(id)).toMatchObject({ partition: -1, ackSet: [-1n, 5n] });
});

test('an id above 2^53 that is not a special one is refused', () => {
  expect(() => MessageIdData.decode(hex('08 8080808080808010 1000'))).toThrow(ProtocolError);
  expect(() => MessageIdData.encode({ ledgerId: -2, entryId: 0 })).toThrow(ProtocolError);
  expect(() => MessageIdData.encode({ ledgerId: 1.5, entryId: 0 })).toThrow(ProtocolError);
});

test('presence is kept: an absent field is undefined, a present default is not', () => {
  const one = { producerName: 'p', sequenceId: 0, publishTime: 0 };
  expect(MessageMetadata.decode(MessageMetadata.encode(one)).numMessagesInBatch).toBeUndefined();
  const batch = MessageMetadata.encode({ ...one, numMessagesInBatch: 1, nullValue: false });
  expect(MessageMetadata.decode(batch)).toMatchObject({ numMessagesInBatch: 1, nullValue: false });
});

test('unknown fields of every wire type and known fields of a wrong wire type are skipped', () => {
  const known = KeyValue.encode({ key: 'k', value: 'v' });
  const unknown = hex('9a06 03 616263 9806 ffff03 9906 0102030405060708 9d06 01020304 0805');
  expect(KeyValue.decode(Buffer.concat([unknown, known]))).toEqual({ key: 'k', value: 'v' });
  expect(() => KeyValue.decode(hex('0b'))).toThrow(ProtocolError);
});

test('packed repeated numbers are read like unpacked ones', () => {
  expect(MessageIdData.decode(hex('0801 1002 2a 03 05 8001')).ackSet).toEqual([5n, 128n]);
});

test('a missing required field is refused in both directions', () => {
  expect(() => KeyValue.decode(KeyValue.encode({ key: 'k', value: 'v' }).subarray(0, 3))).toThrow(/KeyValue.value/);
  expect(() => KeyValue.encode({ key: 'k' } as never)).toThrow(/KeyValue.value/);
});

test('every truncation of a message is refused or loses only whole fields', () => {
  const whole = MessageMetadata.encode({
    producerName: 'producer',
    sequenceId: 300,
    publishTime: 1_700_000_000_000,
    properties: [{ key: 'a', value: 'b' }],
    orderingKey: Buffer.from('xyz'),
  });
  for (let length = 0; length < whole.length; length++) {
    try {
      expect(MessageMetadata.decode(whole.subarray(0, length)).producerName).toBe('producer');
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
    }
  }
});

test('random bytes give a message or a ProtocolError, nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        MessageMetadata.decode(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    { numRuns: 2000 },
  );
});
