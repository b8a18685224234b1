import fc from 'fast-check';
import type { Field, MessageType } from '../../../src/pulsar/protocol/message.ts';
import {
  bits64,
  bool,
  bytes,
  double,
  i32,
  i64,
  opaque64,
  text,
  u32,
  u64,
  type WireValue,
  word64,
} from '../../../src/pulsar/protocol/scalars.ts';

type AnyField = Field<'required' | 'optional' | 'repeated', unknown, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: a helper over every message type at once
type AnyMessage = MessageType<any, any>;

const scalarArbitraries = new Map<unknown, fc.Arbitrary<unknown>>([
  [u64, fc.oneof(fc.constant(-1), fc.nat(), fc.maxSafeNat())],
  [opaque64, fc.oneof(fc.constant(-1), fc.nat(), fc.maxSafeNat(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 2n }))],
  [i64, fc.maxSafeInteger()],
  [u32, fc.nat()],
  [i32, fc.integer()],
  [bits64, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  [word64, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [bool, fc.boolean()],
  [double, fc.double({ noNaN: true })],
  [text, fc.string({ unit: 'grapheme', maxLength: 20 })],
  [bytes, fc.uint8Array({ maxLength: 20 }).map((value) => Buffer.from(value))],
]);

function valueArbitrary(value: WireValue<unknown>): fc.Arbitrary<unknown> {
  return scalarArbitraries.get(value) ?? messageArbitrary(value as AnyMessage);
}

function fieldArbitrary({ label, value }: AnyField): fc.Arbitrary<unknown> {
  const one = valueArbitrary(value);
  if (label === 'repeated') return fc.array(one, { maxLength: 3 });
  return label === 'required' ? one : fc.option(one, { nil: undefined });
}

/** Any value of a message type, in the shape that decoding gives. */
export function messageArbitrary(type: AnyMessage): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(type.fields).map(([name, field]) => [name, fieldArbitrary(field)] as const);
  return fc.record(Object.fromEntries(fields));
}
