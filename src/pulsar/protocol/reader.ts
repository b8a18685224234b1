import { ProtocolError } from './protocol-error.ts';

/** How a protobuf field is laid out: 0 varint, 1 eight bytes, 2 length-prefixed, 5 four bytes. */
export type WireType = 0 | 1 | 2 | 5;

/**
 * Bounds-checked cursor over protobuf bytes. `end` is moved inwards while a nested message is read. A 64-bit varint is left
 * in `low` and `high` (unsigned 32-bit halves), so that no BigInt is made on the way.
 */
export class Reader {
  readonly bytes: Buffer;
  position: number;
  end: number;
  low = 0;
  high = 0;

  constructor(bytes: Buffer, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  /** Reads a varint of up to ten bytes into `low` and `high`. */
  readVarint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.end) throw new ProtocolError('a varint runs over the end of its message');
      const byte = this.bytes[this.position++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else if (shift < 60) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new ProtocolError('a varint is longer than ten bytes');
  }

  /** Reads a varint and returns its low 32 bits, unsigned. */
  readUint32(): number {
    if (this.position < this.end) {
      const byte = this.bytes[this.position] as number;
      if (byte < 0x80) {
        this.position++;
        return byte;
      }
    }
    this.readVarint();
    return this.low;
  }

  /** Reads a length and returns where the length-prefixed value ends; never beyond `end`. */
  readLengthEnd(): number {
    const length = this.readUint32();
    if (length > this.end - this.position) throw new ProtocolError('a length runs over the end of its message');
    return this.position + length;
  }

  /** Moves over one value of an unknown field. */
  skip(wireType: number): void {
    if (wireType === 0) this.readVarint();
    else if (wireType === 2) this.position = this.readLengthEnd();
    else if (wireType === 1 || wireType === 5) {
      const size = wireType === 1 ? 8 : 4;
      if (size > this.end - this.position) throw new ProtocolError('a fixed value runs over the end of its message');
      this.position += size;
    } else throw new ProtocolError(`wire type ${wireType} is not used by Pulsar`);
  }
}
