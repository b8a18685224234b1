import { commands } from '../../pulsar/protocol/commands.ts';
import { Reader } from '../../pulsar/protocol/reader.ts';
import { integerSize, Writer } from '../../pulsar/protocol/writer.ts';

const TYPE_TAG = 8;
/** Above this high half an id does not fit a number. */
const SAFE_HIGH = 0x1fffff;
/** Ids from 2^63 on are longer than nine bytes; only -1 is used of them. */
const SIGNED_HIGH = 0x7fffffff;
/** What the codec writes for MAX_SAFE_INTEGER: nine bytes, as long as the ids that it stands for. */
const PLACEHOLDER = Buffer.from('ffffffffffffffff7f', 'hex');
const WIDE_BYTES = PLACEHOLDER.length;
/** Requests that were never answered (acknowledgements of unknown consumers) are forgotten beyond this. */
const WAITING_MAX = 10_000;

/** Tag of `request_id` by command number; undefined for commands without one. */
const requestIdTags = new Map<number, number>();
for (const { number, body } of Object.values(commands)) {
  const field = body.fields.requestId;
  if (field) requestIdTags.set(number, field.number << 3);
}

/**
 * Java clients number their requests from a random 62-bit number, and the codec's ids are safe integers. So a wide request id is replaced in the
 * received bytes by a small one, and put back into the answer.
 */
export class RequestIds {
  readonly #wide = new Map<number, Buffer>();
  #last = 0;

  /** Replaces a wide request id in a frame (without its total size) in place; small ids stay as they are. Throws `ProtocolError`. */
  narrow(frame: Buffer): void {
    if (frame.length < 4) return;
    const reader = new Reader(frame, 4, Math.min(frame.length, 4 + frame.readUInt32BE(0)));
    if (reader.readUint32() !== TYPE_TAG) return;
    const number = reader.readUint32();
    const tag = requestIdTags.get(number);
    if (tag === undefined || reader.readUint32() !== ((number << 3) | 2)) return;
    reader.end = reader.readLengthEnd();
    while (reader.position < reader.end) {
      const found = reader.readUint32();
      const start = reader.position;
      if (found !== tag) reader.skip(found & 7);
      else {
        reader.readVarint();
        const isWide = reader.high > SAFE_HIGH && reader.high <= SIGNED_HIGH;
        if (isWide) this.#replace(frame.subarray(start, reader.position));
      }
    }
  }

  /** The id to encode an answer with. */
  placeholder(requestId: number): number {
    return this.#wide.has(requestId) ? Number.MAX_SAFE_INTEGER : requestId;
  }

  /** Puts the client's own id into the encoded answer. */
  restore(answer: Buffer, requestId: number): void {
    const original = this.#wide.get(requestId);
    if (!original) return;
    this.#wide.delete(requestId);
    original.copy(answer, answer.indexOf(PLACEHOLDER));
  }

  #replace(varint: Buffer): void {
    const original = padded(varint);
    // 2^32 and up: no client counts its own requests that far.
    const id = 2 ** 32 + ++this.#last;
    this.#wide.set(id, original);
    if (this.#wide.size > WAITING_MAX) this.#wide.delete(this.#wide.keys().next().value as number);
    const size = integerSize(id);
    new Writer(varint).writeInteger(id);
    pad(varint, size);
  }
}

/** The same number in nine bytes. */
function padded(varint: Buffer): Buffer {
  const bytes = Buffer.alloc(WIDE_BYTES);
  varint.copy(bytes);
  pad(bytes, varint.length);
  return bytes;
}

/** Lengthens a varint of `size` bytes to the whole buffer, by leading zero bits. */
function pad(bytes: Buffer, size: number): void {
  if (size === bytes.length) return;
  bytes[size - 1] = (bytes[size - 1] as number) | 0x80;
  bytes.fill(0x80, size, bytes.length - 1);
  bytes[bytes.length - 1] = 0;
}
