import { FRAME, frameOf } from './frames.ts';

/** Types of a message's fields. */
export const FIELD = { namespace: 0, set: 1, key: 2, digest: 4, partitions: 11, filter: 43 } as const;

/** Result codes that the stand-in gives. */
export const RESULT = {
  ok: 0,
  notFound: 2,
  invalid: 4,
  tooBig: 13,
  noNamespace: 20,
  badBinName: 21,
  filteredOut: 27,
  roleViolation: 81,
} as const;

/** One bin as it is sent: its value's type, and bytes. */
export interface Particle {
  readonly type: number;
  readonly data: Buffer;
}

/** An operation of a message on a bin. */
export interface Operation {
  readonly op: number;
  readonly bin: string;
  readonly particle: Particle;
}

/** A request. */
export interface Message {
  readonly info1: number;
  readonly info2: number;
  readonly info3: number;
  /** Seconds that the record is to live; 0: as the namespace says, -1: for ever. */
  readonly ttl: number;
  readonly fields: ReadonlyMap<number, Buffer>;
  readonly operations: readonly Operation[];
}

const HEADER_BYTES = 22;
const READ = 1;

/** Reads a request. */
export const decode = (body: Buffer): Message => {
  const fields = new Map<number, Buffer>();
  const operations: Operation[] = [];
  let at = HEADER_BYTES;
  const next = (): Buffer => {
    const start = at + 4;
    at = start + body.readUInt32BE(at);
    return body.subarray(start, at);
  };
  for (let left = body.readUInt16BE(18); left > 0; left--) {
    const field = next();
    fields.set(field[0] as number, field.subarray(1));
  }
  for (let left = body.readUInt16BE(20); left > 0; left--) {
    const it = next();
    const nameEnd = 4 + (it[3] as number);
    const particle = { type: it[1] as number, data: it.subarray(nameEnd) };
    operations.push({ op: it[0] as number, bin: it.toString('utf8', 4, nameEnd), particle });
  }
  const [info1 = 0, info2 = 0, info3 = 0] = body.subarray(1, 4);
  return { info1, info2, info3, ttl: body.readInt32BE(10), fields, operations };
};

const sized = (parts: readonly Buffer[]): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(parts.reduce((sum, { length: bytes }) => sum + bytes, 0));
  return Buffer.concat([length, ...parts]);
};

const binOf = ([name, { type, data }]: readonly [string, Particle]): Buffer =>
  sized([Buffer.from([READ, type, 0, Buffer.byteLength(name)]), Buffer.from(name), data]);

const fieldOf = ([type, data]: readonly [number, Buffer]): Buffer => sized([Buffer.from([type]), data]);

/** What an answer says. */
export interface Answer {
  readonly result: number;
  readonly info3?: number;
  readonly generation?: number;
  readonly expiresAtS?: number;
  readonly bins?: ReadonlyMap<string, Particle>;
  /** Of a record in a list, which is named. */
  readonly fields?: readonly (readonly [number, Buffer])[];
}

const encode = ({
  result,
  info3 = 0,
  generation = 0,
  expiresAtS = 0,
  fields = [],
  bins = new Map(),
}: Answer): Buffer => {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(HEADER_BYTES, 0);
  header.writeUInt8(info3, 3);
  header.writeUInt8(result, 5);
  header.writeUInt32BE(generation, 6);
  header.writeUInt32BE(expiresAtS, 10);
  header.writeUInt16BE(fields.length, 18);
  header.writeUInt16BE(bins.size, 20);
  return Buffer.concat([header, ...fields.map(fieldOf), ...[...bins].map(binOf)]);
};

/** Answers of one request, as a frame. */
export const answersOf = (answers: readonly Answer[]): Buffer =>
  frameOf(FRAME.message, Buffer.concat(answers.map(encode)));
