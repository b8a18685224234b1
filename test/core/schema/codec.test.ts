import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { messageCodec } from '../../../src/core/schema/codec.ts';
import type { SchemaDefinition, SchemaTypeName } from '../../../src/core/schema/definition.ts';
import { keyValueDefinition, keyValueParts } from '../../../src/core/schema/key-value.ts';

function schema(type: SchemaTypeName, definition?: unknown): SchemaDefinition {
  const data = definition === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(definition));
  return { type, name: type, data, properties: {} };
}

const record = (fields: unknown[]) => ({ type: 'record', name: 'R', namespace: 'a.Outer$Inner', fields });
const hex = (bytes: Uint8Array | null | undefined) => bytes && Buffer.from(bytes).toString('hex');

describe('primitives have the bytes that Java gives them', () => {
  const cases: [SchemaTypeName, unknown, string][] = [
    ['String', 'é', 'c3a9'],
    ['Boolean', true, '01'],
    ['Int8', -1, 'ff'],
    ['Int16', -2, 'fffe'],
    ['Int32', 1, '00000001'],
    ['Int64', -3, 'fffffffffffffffd'],
    ['Int64', 9007199254740993n, '0020000000000001'],
    ['Int64', -(2n ** 63n), '8000000000000000'],
    ['Float32', 1.5, '3fc00000'],
    ['Float64', -0.1, 'bfb999999999999a'],
    ['Date', new Date(1000), '00000000000003e8'],
    ['Time', new Date(-1), 'ffffffffffffffff'],
    ['Timestamp', new Date(0), '0000000000000000'],
    ['Instant', '1970-01-01T00:00:01.000000002Z', '000000000000000100000002'],
    ['Instant', '1969-12-31T23:59:59.5Z', 'ffffffffffffffff1dcd6500'],
    ['LocalDate', '1970-01-02', '0000000000000001'],
    ['LocalDate', '1969-12-31', 'ffffffffffffffff'],
    ['LocalTime', '00:00:01.000000003', '000000003b9aca03'],
    ['LocalDateTime', '1970-01-02T00:00:00', '00000000000000010000000000000000'],
    ['Bytes', Buffer.from('ab'), '6162'],
  ];
  test.each(cases)('%s %s', async (type, value, bytes) => {
    const codec = await messageCodec(schema(type));
    const encoded = codec.encode(value);
    expect(hex(encoded.value)).toBe(bytes);
    expect(codec.decode(encoded)).toEqual(value);
  });
});

test('null is a null value in every schema', async () => {
  for (const type of ['String', 'Int64', 'Json', 'Bytes', 'Instant'] as const) {
    const codec = await messageCodec(schema(type));
    expect(codec.encode(null)).toEqual({ value: null });
    expect(codec.decode({ value: null })).toBeNull();
  }
});

test('values and bytes that do not fit are refused, without showing them', async () => {
  const wrong: [SchemaTypeName, unknown][] = [
    ['Int8', 128],
    ['Int32', 1.5],
    ['Int64', 2 ** 53],
    ['Int64', 2n ** 63n],
    ['Boolean', 1],
    ['String', 7],
    ['Float64', 'secret'],
    ['Date', new Date(Number.NaN)],
    ['LocalDate', '2026-13-01'],
    ['LocalTime', '24:00:00'],
    ['Instant', '2026-01-01T00:00:00'],
    ['Json', () => 'secret'],
    ['Bytes', 'secret'],
  ];
  for (const [type, value] of wrong) {
    const codec = await messageCodec(schema(type));
    expect(() => codec.encode(value)).toThrow(TypeError);
    expect(() => codec.encode(value)).not.toThrow(/secret/);
  }
  for (const type of ['Int16', 'Boolean', 'Float32', 'Int64', 'LocalDateTime', 'Instant'] as const) {
    const codec = await messageCodec(schema(type));
    expect(() => codec.decode({ value: Buffer.from('secret and too long bytes') })).toThrow(/has \d+ bytes, not 25/);
  }
  const json = await messageCodec(schema('Json'));
  expect(() => json.decode({ value: Buffer.from('{"secret') })).toThrow('the bytes are not JSON');
});

test('JSON keeps every digit of integers', async () => {
  const codec = await messageCodec(schema('Json', { type: 'long' }));
  const value = { id: 9007199254740993n, small: 7, list: [-9223372036854775808n] };
  const text = Buffer.from(codec.encode(value).value as Uint8Array).toString();
  expect(text).toBe('{"id":9007199254740993,"small":7,"list":[-9223372036854775808]}');
  expect(codec.decode(codec.encode(value))).toEqual(value);
});

describe('Avro', () => {
  const plain = record([
    { name: 'name', type: 'string' },
    { name: 'id', type: 'long' },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'when', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ]);

  test('has the specified bytes, and longs keep every digit', async () => {
    const codec = await messageCodec(schema('Avro', plain));
    const value = { name: 'ab', id: 9007199254740993n, note: null, when: 1 };
    const encoded = codec.encode(value);
    expect(hex(encoded.value)).toBe('0461628280808080808020' + '00' + '02');
    expect({ ...(codec.decode(encoded) as object) }).toEqual(value);
  });

  test('any long survives', async () => {
    const codec = await messageCodec(schema('Avro', 'long'));
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(BigInt(codec.decode(codec.encode(value)) as bigint)).toBe(value);
      }),
    );
  });

  test('what an older schema wrote is read as the newer one sees it', async () => {
    const older = schema('Avro', record([{ name: 'a', type: 'int' }]));
    const newer = record([
      { name: 'a', type: 'long' },
      { name: 'b', type: 'string', default: 'none' },
    ]);
    const writer = await messageCodec(older);
    const reader = await messageCodec(older, schema('Avro', newer));
    expect({ ...(reader.decode(writer.encode({ a: 5 })) as object) }).toEqual({ a: 5, b: 'none' });
  });

  test('says which field does not fit, and what is wrong with a schema', async () => {
    const codec = await messageCodec(schema('Avro', plain));
    expect(() => codec.encode({ name: 'secret', id: 'secret', note: null, when: 1 })).toThrow(
      'the value does not fit the Avro schema at: id',
    );
    expect(() => codec.decode({ value: Buffer.from([9]) })).toThrow('the bytes are not Avro of the given schema');
    await expect(messageCodec({ ...schema('Avro'), data: Buffer.from('{') })).rejects.toThrow('is not JSON');
    await expect(messageCodec(schema('Avro', { type: 'record' }))).rejects.toThrow('the Avro schema is not valid');
    const other = schema('Avro', record([{ name: 'z', type: 'string' }]));
    await expect(messageCodec(schema('Avro', plain), other)).rejects.toThrow("the reader's Avro schema cannot read");
  });
});

describe('KeyValue', () => {
  const key = schema('String');
  const value = schema('Int32');

  test('has the definition and the properties that Java gives it', () => {
    const definition = keyValueDefinition({ key, value: schema('Json', { a: 1 }), encoding: 'SEPARATED' });
    expect(hex(definition.data)).toBe(`0000000000000007${Buffer.from('{"a":1}').toString('hex')}`);
    expect(definition.properties).toEqual({
      'key.schema.name': 'String',
      'key.schema.type': 'STRING',
      'key.schema.properties': '{}',
      'value.schema.name': 'Json',
      'value.schema.type': 'JSON',
      'value.schema.properties': '{}',
      'kv.encoding.type': 'SEPARATED',
    });
    expect(keyValueParts(definition)).toEqual({ key, value: schema('Json', { a: 1 }), encoding: 'SEPARATED' });
  });

  test('inline puts both into the value behind their lengths', async () => {
    const codec = await messageCodec(keyValueDefinition({ key, value, encoding: 'INLINE' }));
    expect(hex(codec.encode({ key: 'k', value: 1 }).value)).toBe('000000016b0000000400000001');
    expect(hex(codec.encode({ key: null, value: null }).value)).toBe('ffffffffffffffff');
    for (const pair of [{ key: 'k', value: 1 }, { key: null, value: 2 }, { key: 'k', value: null }, null]) {
      expect(codec.decode(codec.encode(pair))).toEqual(pair);
    }
    for (const cut of ['00', '00000005', '00000001', '7fffffff00', 'fffffffe00000000']) {
      expect(() => codec.decode({ value: Buffer.from(cut, 'hex') })).toThrow('the KeyValue value is cut off');
    }
  });

  test('separated puts the key into the key', async () => {
    const codec = await messageCodec(keyValueDefinition({ key, value, encoding: 'SEPARATED' }));
    const encoded = codec.encode({ key: 'k', value: 1 });
    expect([hex(encoded.key), hex(encoded.value)]).toEqual(['6b', '00000001']);
    expect(codec.decode(encoded)).toEqual({ key: 'k', value: 1 });
    expect(codec.decode(codec.encode({ key: null, value: null }))).toEqual({ key: null, value: null });
    expect(() => codec.encode('pair')).toThrow('KeyValue takes { key, value }');
  });
});
