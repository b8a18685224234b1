import { expect, test } from '@jest/globals';
import { protobufCodec } from '../../../src/core/schema/protobuf-codec.ts';
import { ProtobufNativeSchema } from '../../../src/pulsar/index.ts';
import { PROTOBUF_JSON } from '../../fixtures/protobuf.ts';

const root = ProtobufNativeSchema.createRootFromJson(PROTOBUF_JSON);
const schema = ProtobufNativeSchema.createSchemaInfoFromRoot({
  root,
  rootMessageTypeName: '.shop.Order',
  rootFileDescriptorName: 'shop/order.proto',
});
const open = () => protobufCodec(schema.schema);

test('a schema names its type without the dot, its file, and what it was given', () => {
  expect(JSON.parse(schema.schema)).toEqual({
    fileDescriptorSet: expect.stringMatching(/^[\w+/]+=*$/),
    rootMessageTypeName: 'shop.Order',
    rootFileDescriptorName: 'shop/order.proto',
  });
  expect(schema).toMatchObject({ schemaType: 'ProtobufNative', name: '.shop.Order', properties: {} });
  const set = Buffer.from(JSON.parse(schema.schema).fileDescriptorSet, 'base64').toString('latin1');
  expect(set).toContain('shop/order.proto');
  const named = ProtobufNativeSchema.createSchemaInfoFromRoot({
    ...{ root, rootMessageTypeName: 'shop.Order.Line', rootFileDescriptorName: 'f', name: 'n', properties: { a: 'b' } },
  });
  expect(named).toMatchObject({ name: 'n', properties: { a: 'b' } });
  expect(JSON.parse(named.schema).rootMessageTypeName).toBe('shop.Order.Line');
});

test('what a schema is made of is required, and the type has to exist', () => {
  const make = (options: object) => () => ProtobufNativeSchema.createSchemaInfoFromRoot(options as never);
  expect(make({})).toThrow('root is required');
  expect(make({ root })).toThrow('rootMessageTypeName is required');
  expect(make({ root, rootMessageTypeName: 'shop.Order' })).toThrow('rootFileDescriptorName is required');
  expect(make({ root, rootMessageTypeName: 'shop.Other', rootFileDescriptorName: 'f' })).toThrow('shop.Other');
});

const order = {
  id: 9007199254740993n,
  note: 'Zoë',
  raw: Buffer.from([0, 255]),
  status: 'PAID',
  lines: [{ sku: 'a', count: 2 }],
  counts: { x: 7, y: -9007199254740993n },
  sums: [1, 9007199254740993n],
};

test('values of every kind become the bytes of Protocol Buffers, and come back', async () => {
  const codec = await open();
  const bytes = Buffer.from(codec.encode(order));
  expect(bytes.toString('hex')).toBe(
    '08818080808080801012045a6fc3ab1a0200ff20012a050a016110023205' +
      '0a01781007320e0a017910ffffffffffffffefff013a09018180808080808010',
  );
  expect(codec.decode(bytes)).toEqual(order);
  expect(codec.encode({ status: 1 })).toEqual(codec.encode({ status: 'PAID', note: undefined, lines: null }));
  expect(codec.decode(Buffer.alloc(0))).toEqual({});
});

test('what does not fit is refused, and says where without showing the value', async () => {
  const codec = await open();
  const wrong: [unknown, string][] = [
    ['secret', 'object expected'],
    [{ nothing: 'secret' }, 'Order has no field nothing'],
    [{ lines: [{ nothing: 'secret' }] }, 'Line has no field nothing'],
    [{ id: 'secret' }, 'id: integer|Long expected'],
    [{ note: 7 }, 'note: string expected'],
    [{ status: 'secret' }, 'status: enum value expected'],
    [{ lines: { sku: 'secret' } }, 'lines: array expected'],
  ];
  for (const [value, problem] of wrong) {
    expect(() => codec.encode(value)).toThrow(TypeError);
    expect(() => codec.encode(value)).toThrow(problem);
    expect(() => codec.encode(value)).not.toThrow('secret');
  }
  expect(() => codec.decode(Buffer.from([0x12, 9, 1]))).toThrow('the bytes are no Order');
});

test('a schema that is none is refused', async () => {
  const { fileDescriptorSet } = JSON.parse(schema.schema);
  for (const wrong of ['', '{}', JSON.stringify({ fileDescriptorSet, rootMessageTypeName: 'shop.Other' })]) {
    await expect(protobufCodec(wrong)).rejects.toThrow('the ProtobufNative schema is no JSON with');
  }
});
