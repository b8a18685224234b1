import { Type } from '@sinclair/typebox';
import type { OpenContext, OpenLogSource } from '../../core/connector-type.ts';
import type { Position } from '../../core/position.ts';
import type { SourceRecord } from '../../core/record.ts';
import { throwIfAborted } from '../abort.ts';
import { strictObject } from '../config.ts';

/** A position in a shard: behind a record, or before the first one that is read. Records are counted, as sequence numbers of shards are larger than Pulsar's. */
export const shardPosition = strictObject({
  after: Type.Optional(Type.String({ minLength: 1, description: 'Sequence number of the last record.' })),
  at: Type.Optional(Type.String({ minLength: 1, description: 'Sequence number of the first record.' })),
  sequence: Type.Integer({ minimum: -1, description: 'How many records lie before, less one.' }),
});

interface ShardPosition {
  readonly after?: string;
  readonly at?: string;
  readonly sequence: number;
}

/** A shard as its stream lists it. */
export interface Shard {
  readonly id: string;
  readonly parents: readonly string[];
  /** True when nothing is added any more. */
  readonly isClosed: boolean;
}

/** Where an iterator begins: at the record with that sequence number; or at the oldest one that is kept, where earlier ones than `sinceMs` may be left out. */
export type IteratorStart = { readonly at: string } | { readonly sinceMs: number };

/** A record of a shard. */
export interface ShardRecord {
  readonly sequenceNumber: string;
  readonly arrivedMs: number;
  readonly record: Omit<SourceRecord, 'sequence' | 'position'>;
}

/** What one request for records gave. */
export interface ShardPage {
  readonly records: readonly ShardRecord[];
  /** Undefined: the shard is closed and read to its end. */
  readonly next: string | undefined;
  /** True when there is nothing more for now. */
  readonly isAtTip: boolean;
}

/** A stream's API, as far as a log needs it. Throws `PIO_SOURCE_…`. */
export interface StreamApi {
  shards(signal: AbortSignal): Promise<readonly Shard[]>;
  /** Undefined: the record of that sequence number is no longer kept. */
  iterator(shard: string, start: IteratorStart, signal: AbortSignal): Promise<string | undefined>;
  records(shard: string, iterator: string, signal: AbortSignal): Promise<ShardPage>;
  close(): void;
}

/** Pages without a record before the end of a shard is believed: a stream answers with some when its records are far apart. */
const MAX_EMPTY_PAGES = 5;

/** What a shard is read with. */
export interface ShardLogOptions {
  readonly api: StreamApi;
  readonly context: OpenContext;
  /** Records that arrived before are not read, epoch milliseconds. */
  readonly sinceMs: number;
}

/**
 * A stream of shards as a log; a source partition is a shard. A shard that others were split or merged into is read when those were read to their end, whoever read them: an
 * order of keys outlives resharding.
 */
export class ShardLog implements OpenLogSource {
  readonly #options: ShardLogOptions;
  /** Shards of which nothing is left, as far as is known. */
  readonly #drained = new Set<string>();

  constructor(options: ShardLogOptions) {
    this.#options = options;
  }

  async partitions(signal: AbortSignal): Promise<readonly string[]> {
    const shards = await this.#options.api.shards(signal);
    const ready: string[] = [];
    const byId = new Map(shards.map((shard) => [shard.id, shard]));
    for (const shard of shards) {
      if (shard.isClosed && (await this.#isDrained(shard.id, signal))) continue;
      if (await this.#isReady(shard, byId, signal)) ready.push(shard.id);
    }
    return ready;
  }

  async begin(shard: string, signal: AbortSignal): Promise<Position | undefined> {
    for await (const { records } of this.#pages(shard, undefined, signal)) {
      const first = records.find(({ arrivedMs }) => arrivedMs >= this.#options.sinceMs);
      if (first) return { at: first.sequenceNumber, sequence: -1 };
    }
    return undefined;
  }

  async *read(
    shard: string,
    from: Position | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly SourceRecord[], void, void> {
    const position = (from as ShardPosition | undefined) ?? { sequence: -1 };
    const anchor = position.after ?? position.at;
    let { sequence } = position;
    let isFirst = true;
    for await (const { records } of this.#pages(shard, anchor, signal)) {
      const isKept = isFirst && records[0]?.sequenceNumber === anchor && anchor !== undefined;
      const wanted = records
        .slice(isKept && position.after !== undefined ? 1 : 0)
        .filter(({ arrivedMs }) => anchor !== undefined || arrivedMs >= this.#options.sinceMs);
      const mayFollowGap = isFirst && !isKept;
      if (records.length > 0) isFirst = false;
      const page = wanted.map(({ sequenceNumber, record }, index): SourceRecord => {
        sequence += 1;
        return {
          ...record,
          ...(mayFollowGap && index === 0 && { mayFollowGap }),
          sequence,
          position: { after: sequenceNumber, sequence },
        };
      });
      if (page.length > 0) yield page;
    }
  }

  async close(): Promise<void> {
    this.#options.api.close();
  }

  /** Pages from the record with that sequence number to the present end; from the beginning when it is no longer kept, or none is named. */
  async *#pages(shard: string, at: string | undefined, signal: AbortSignal): AsyncGenerator<ShardPage, void, void> {
    const { api, sinceMs } = this.#options;
    const kept = at === undefined ? undefined : await api.iterator(shard, { at }, signal);
    let iterator = kept ?? (await api.iterator(shard, { sinceMs }, signal));
    for (let empty = 0; iterator !== undefined && empty < MAX_EMPTY_PAGES; ) {
      throwIfAborted(signal, `reading shard ${shard}`);
      const page: ShardPage = await api.records(shard, iterator, signal);
      yield page;
      empty = page.records.length === 0 ? empty + 1 : 0;
      if (page.isAtTip) return;
      iterator = page.next;
    }
  }

  async #isReady(shard: Shard, byId: ReadonlyMap<string, Shard>, signal: AbortSignal): Promise<boolean> {
    const parents = shard.parents.filter((id) => byId.has(id));
    if (parents.length === 0 || (await this.#options.context.positionOf(shard.id)) !== undefined) return true;
    for (const parent of parents) if (!(await this.#isDrained(parent, signal))) return false;
    return true;
  }

  /** True when a closed shard has nothing behind its stored position: it ends there, or nothing comes any more. */
  async #isDrained(shard: string, signal: AbortSignal): Promise<boolean> {
    if (this.#drained.has(shard)) return true;
    const { after, at } = ((await this.#options.context.positionOf(shard)) ?? {}) as Partial<ShardPosition>;
    const anchor = after ?? at;
    const isLeft = ({ sequenceNumber, arrivedMs }: ShardRecord): boolean =>
      anchor === undefined ? arrivedMs >= this.#options.sinceMs : sequenceNumber !== after;
    let isEnd = false;
    for await (const { records, next, isAtTip } of this.#pages(shard, anchor, signal)) {
      if (records.some(isLeft)) return false;
      isEnd = next === undefined || isAtTip;
    }
    if (isEnd) this.#drained.add(shard);
    return isEnd;
  }
}
