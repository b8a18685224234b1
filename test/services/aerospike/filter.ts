import type { Particle } from './messages.ts';

/** What an expression comes to; undefined is Aerospike's `unknown`. */
type Value = boolean | bigint | undefined;
type Node = bigint | string | readonly Node[];

const INTEGER = 1;

/** Reads the MessagePack that filters of integers and bins are sent in. Throws on any other. */
const parse = (bytes: Buffer): Node => {
  let at = 0;
  const take = (length: number): Buffer => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const next = (): Node => {
    const tag = take(1).readUInt8();
    if (tag < 0x80) return BigInt(tag);
    if (tag >= 0x90 && tag < 0xa0) return Array.from({ length: tag & 0xf }, next);
    if (tag >= 0xa0 && tag < 0xc0) return take(tag & 0x1f).toString();
    if (tag >= 0xcc && tag <= 0xcf) {
      const hex = take(1 << (tag - 0xcc)).toString('hex');
      return BigInt(`0x${hex}`);
    }
    throw new Error(`MessagePack of type ${tag}`);
  };
  return next();
};

const integerOf = (particle: Particle | undefined): bigint | undefined =>
  particle?.type === INTEGER ? particle.data.readBigInt64BE() : undefined;

/** Evaluates what the sink sends (Aerospike's `exp.c`): or, not equal, less than, the type of a bin, a bin as an integer. Throws on any other. */
const evaluate = (node: Node, bins: ReadonlyMap<string, Particle>): Value => {
  if (typeof node === 'bigint') return node;
  if (typeof node === 'string') throw new Error('a text where none is taken');
  const [op, ...parts] = node;
  const compare = (is: (a: bigint, b: bigint) => boolean): Value => {
    const [a, b] = parts.map((part) => evaluate(part, bins));
    return typeof a === 'bigint' && typeof b === 'bigint' ? is(a, b) : undefined;
  };
  switch (Number(op)) {
    case 2:
      return compare((a, b) => a !== b);
    case 5:
      return compare((a, b) => a < b);
    case 17: {
      const values = parts.map((part) => evaluate(part, bins));
      return values.includes(true) || (values.includes(undefined) ? undefined : false);
    }
    case 81:
      return integerOf(bins.get(parts[1] as string));
    case 82:
      return BigInt(bins.get(parts[0] as string)?.type ?? 0);
    default:
      throw new Error(`operation ${op}`);
  }
};

/** True when a record is to be written: its filter is true of what is stored. */
export const passes = (filter: Buffer | undefined, bins: ReadonlyMap<string, Particle>): boolean =>
  filter === undefined || evaluate(parse(filter), bins) === true;
