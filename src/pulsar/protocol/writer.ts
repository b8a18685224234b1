const TWO_32 = 2 ** 32;

/** Cursor that writes protobuf into a buffer whose size was computed beforehand. */
export class Writer {
  readonly bytes: Buffer;
  position: number;

  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  writeUint32(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.bytes[this.position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.position++] = rest;
  }

  /** Writes four bytes, big-endian: Pulsar's own sizes, not protobuf. */
  writeFixed32(value: number): void {
    this.position = this.bytes.writeUInt32BE(value, this.position);
  }

  /** Writes a 64-bit varint from its unsigned 32-bit halves. */
  writeHalves(low: number, high: number): void {
    let lowRest = low;
    let highRest = high;
    while (highRest !== 0) {
      this.bytes[this.position++] = (lowRest & 0x7f) | 0x80;
      lowRest = ((lowRest >>> 7) | (highRest << 25)) >>> 0;
      highRest >>>= 7;
    }
    this.writeUint32(lowRest);
  }

  /** Writes an integer as a 64-bit two's complement varint: negative ones take ten bytes. */
  writeInteger(value: number): void {
    if (value >= 0 && value < TWO_32) this.writeUint32(value);
    else this.writeHalves(value >>> 0, Math.floor(value / TWO_32) >>> 0);
  }
}

/** Bytes that a 32-bit unsigned varint takes. */
export function uint32Size(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** Bytes that an integer takes as a 64-bit two's complement varint. */
export function integerSize(value: number): number {
  if (value < 0) return 10;
  if (value < TWO_32) return uint32Size(value);
  let size = 5;
  for (let limit = 2 ** 35; limit <= value; limit *= 128) size++;
  return size;
}
