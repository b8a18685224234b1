import { passes } from './filter.ts';
import { hasNamespace, partitionOf } from './info.ts';
import { type Answer, FIELD, type Message, type Particle, RESULT } from './messages.ts';

/** A stored record. */
interface Stored {
  readonly namespace: Buffer;
  readonly set: Buffer;
  readonly digest: Buffer;
  readonly generation: number;
  readonly expiresAtS: number;
  readonly bins: ReadonlyMap<string, Particle>;
}

const INFO1_READ = 1;
const INFO2_WRITE = 1;
const INFO2_DELETE = 2;
const INFO3_LAST = 1;
const INFO3_CREATE_OR_REPLACE = 16;
const NOTHING: Particle['type'] = 0;
/** `max-record-size`, as of server 7.1. */
const MAX_BYTES = 1 << 20;
const MAX_NAME_BYTES = 15;
/** Aerospike's times count from 2010. */
const EPOCH_S = 1_262_304_000;

const textOf = (message: Message, field: number): string => message.fields.get(field)?.toString() ?? '';

/** A set of this name answers each write with that result: what a server in trouble does. */
const failureOf = (set: string): number | undefined => {
  const [, code] = /^fails-with-(\d+)$/.exec(set) ?? [];
  return code === undefined ? undefined : Number(code);
};

const isTooBig = (bins: ReadonlyMap<string, Particle>): boolean =>
  [...bins.values()].reduce((sum, { data }) => sum + data.length, 0) > MAX_BYTES;

/** Records in memory, written as Aerospike does: a filter is looked at where a record is, and each write raises its generation. */
export class Records {
  readonly #stored = new Map<string, Stored>();

  /** Answers of a request; several of one that reads a set. */
  answer(message: Message, mayWrite: boolean): Answer[] {
    if (!hasNamespace(textOf(message, FIELD.namespace))) return [{ result: RESULT.noNamespace, info3: INFO3_LAST }];
    const digest = message.fields.get(FIELD.digest);
    if (!digest) return this.#scan(message);
    if (message.info2 & INFO2_WRITE && !mayWrite) return [{ result: RESULT.roleViolation }];
    if (message.info2 & INFO2_WRITE) return [{ result: this.#write(message, digest) }];
    if (message.info1 & INFO1_READ) return [this.#read(digest)];
    return [{ result: RESULT.invalid }];
  }

  #read(digest: Buffer): Answer {
    const found = this.#stored.get(digest.toString('hex'));
    return found ? { ...found, result: RESULT.ok } : { result: RESULT.notFound };
  }

  #write(message: Message, digest: Buffer): number {
    const id = digest.toString('hex');
    const before = this.#stored.get(id);
    const failure = failureOf(textOf(message, FIELD.set));
    if (failure !== undefined) return failure;
    if (before && !passes(message.fields.get(FIELD.filter), before.bins)) return RESULT.filteredOut;
    if (message.info2 & INFO2_DELETE) return this.#stored.delete(id) ? RESULT.ok : RESULT.notFound;
    const isReplaced = (message.info3 & INFO3_CREATE_OR_REPLACE) !== 0;
    const bins = new Map(isReplaced ? [] : before?.bins);
    if (message.operations.length === 0) return RESULT.invalid;
    for (const { bin, particle } of message.operations) {
      if (Buffer.byteLength(bin) > MAX_NAME_BYTES) return RESULT.badBinName;
      if (particle.type === NOTHING && isReplaced) return RESULT.invalid;
      if (particle.type === NOTHING) bins.delete(bin);
      else bins.set(bin, { type: particle.type, data: Buffer.from(particle.data) });
    }
    if (isTooBig(bins)) return RESULT.tooBig;
    if (bins.size === 0) this.#stored.delete(id);
    else this.#stored.set(id, this.#recordOf(message, digest, bins, before));
    return RESULT.ok;
  }

  #recordOf({ fields, ttl }: Message, digest: Buffer, bins: Stored['bins'], before: Stored | undefined): Stored {
    return {
      namespace: Buffer.from(fields.get(FIELD.namespace) ?? ''),
      set: Buffer.from(fields.get(FIELD.set) ?? ''),
      digest: Buffer.from(digest),
      generation: (before?.generation ?? 0) + 1,
      expiresAtS: ttl > 0 ? Math.floor(Date.now() / 1_000) - EPOCH_S + ttl : 0,
      bins,
    };
  }

  /** The records of a set in the partitions that are asked for, and an end. */
  #scan(message: Message): Answer[] {
    const asked = message.fields.get(FIELD.partitions);
    if (!asked) return [{ result: RESULT.invalid, info3: INFO3_LAST }];
    const partitions = new Set(Array.from({ length: asked.length / 2 }, (_, nth) => asked.readUInt16LE(2 * nth)));
    const set = textOf(message, FIELD.set);
    const found = [...this.#stored.values()].filter(
      (it) => it.set.toString() === set && partitions.has(partitionOf(it.digest)),
    );
    const namesOf = ({ namespace, set, digest }: Stored) =>
      [
        [FIELD.namespace, namespace],
        [FIELD.set, set],
        [FIELD.digest, digest],
      ] as const;
    const listed = found.map((it) => ({ ...it, result: RESULT.ok, fields: namesOf(it) }));
    return [...listed, { result: RESULT.ok, info3: INFO3_LAST }];
  }
}
