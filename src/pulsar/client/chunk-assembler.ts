import { compareMessageIds, type MessageIdParts } from '../../core/message-id.ts';
import type { MessageMetadata } from '../protocol/index.ts';

/** One chunk as it was delivered. */
export interface Chunk {
  readonly messageId: MessageIdParts;
  readonly metadata: MessageMetadata;
  /** Decrypted, still compressed. */
  readonly payload: Buffer;
}

/**
 * What a chunk led to. `complete`: the compressed message, where its chunks lie, first to last, and the last of them. `broken`: the last chunk of a
 * message of which others are missing; `ids` are those that were seen. `duplicate`: the chunk is in another entry already.
 */
export type ChunkOutcome<C extends Chunk = Chunk> =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'complete'; readonly payload: Buffer; readonly ids: readonly MessageIdParts[]; readonly last: C }
  | { readonly kind: 'broken'; readonly ids: readonly MessageIdParts[] };

/** Limits of {@link ChunkAssembler}. */
export interface ChunkLimits<C extends Chunk = Chunk> {
  /** Incomplete messages that are kept at a time; 0: no limit. */
  readonly maxPending: number;
  /** Of all incomplete messages together. */
  readonly maxBytes: number;
  /** The broker may bring the chunks of a message in any order (Shared, Key_Shared): one that is not there yet may come. */
  readonly mayReorder: boolean;
  /** An incomplete message is given up; its chunks are no longer kept. `last`: its last chunk, if that was there. */
  readonly onGivenUp: (
    ids: readonly MessageIdParts[],
    reason: 'full' | 'expired' | 'replaced',
    last: C | undefined,
  ) => void;
}

interface Incomplete<C extends Chunk> {
  readonly ids: MessageIdParts[];
  /** By number. */
  readonly chunks: Map<number, C>;
  bytes: number;
  /** A chunk is missing, or there was no room: the message cannot be put together any more. */
  isBroken: boolean;
  publishTimeMs: number;
  arrivedAtMs: number;
}

/** How long an incomplete message is waited for (`expireTimeOfIncompleteChunkedMessage` of the official clients). */
export const INCOMPLETE_EXPIRES_MS = 60_000;
/** Broken messages whose chunks are remembered until the last one comes. */
const MAX_BROKEN = 1000;

/** Puts messages together that were published in chunks (PULSAR-WIRE 5.10). Holds at most `maxBytes`. */
export class ChunkAssembler<C extends Chunk = Chunk> {
  private readonly limits: ChunkLimits<C>;
  /** By uuid, the one that began first in front. */
  private readonly incomplete = new Map<string, Incomplete<C>>();
  private bytes = 0;

  constructor(limits: ChunkLimits<C>) {
    this.limits = limits;
  }

  get isEmpty(): boolean {
    return this.incomplete.size === 0;
  }

  /** Takes a chunk. `nowMs` is any monotonic clock. */
  add(chunk: C, nowMs: number): ChunkOutcome<C> {
    const { uuid = '', chunkId = 0, numChunksFromMsg = 0 } = chunk.metadata;
    const { mayReorder } = this.limits;
    const isFirst = chunkId === 0 && !mayReorder;
    const known = isFirst ? this.begin(uuid, chunk.messageId) : this.incomplete.get(uuid);
    const former = known?.chunks.get(chunkId);
    if (former !== undefined) {
      return { kind: compareMessageIds(former.messageId, chunk.messageId) === 0 ? 'waiting' : 'duplicate' };
    }
    const message = known ?? this.open(uuid, !mayReorder);
    message.ids.push(chunk.messageId);
    message.publishTimeMs = Math.max(message.publishTimeMs, chunk.metadata.publishTime);
    message.arrivedAtMs = nowMs;
    const isImpossible = mayReorder ? chunkId >= Math.max(1, numChunksFromMsg) : chunkId > message.chunks.size;
    if (isImpossible) this.breakUp(message);
    if (!message.isBroken) this.keep(message, chunk, chunkId);
    const isWhole =
      mayReorder && !message.isBroken ? message.chunks.size >= numChunksFromMsg : chunkId >= numChunksFromMsg - 1;
    return isWhole ? this.finish(uuid, message, chunk.metadata) : { kind: 'waiting' };
  }

  private begin(uuid: string, messageId: MessageIdParts): Incomplete<C> {
    const former = this.incomplete.get(uuid);
    if (former !== undefined) {
      this.remove(uuid, former);
      const isRedelivery = former.ids.some((id) => compareMessageIds(id, messageId) === 0);
      if (!isRedelivery) this.limits.onGivenUp(former.ids, 'replaced', undefined);
    }
    return this.open(uuid, false);
  }

  private open(uuid: string, isBroken: boolean): Incomplete<C> {
    const message: Incomplete<C> = {
      ids: [],
      chunks: new Map(),
      bytes: 0,
      isBroken,
      publishTimeMs: 0,
      arrivedAtMs: 0,
    };
    this.incomplete.set(uuid, message);
    this.makeRoom(message);
    return message;
  }

  private keep(message: Incomplete<C>, chunk: C, chunkId: number): void {
    const { metadata, payload } = chunk;
    const total = metadata.totalChunkMsgSize ?? 0;
    if (payload.length === 0 || message.bytes + payload.length > Math.min(total, this.limits.maxBytes)) {
      this.breakUp(message);
      return;
    }
    message.chunks.set(chunkId, chunk);
    message.bytes += payload.length;
    this.bytes += payload.length;
    this.makeRoom(message);
  }

  /** Gives up the oldest incomplete messages until the limits hold; `current` stays. */
  private makeRoom(current: Incomplete<C>): void {
    const { maxPending, maxBytes, onGivenUp } = this.limits;
    const all = [...this.incomplete];
    let whole = all.filter(([, { isBroken }]) => !isBroken).length;
    for (const [uuid, message] of all) {
      const isOver = (maxPending > 0 && whole > maxPending) || this.bytes > maxBytes;
      const isForgotten = message.isBroken && this.incomplete.size > MAX_BROKEN;
      if (message === current) continue;
      if (isForgotten) this.remove(uuid, message);
      if (message.isBroken || !isOver) continue;
      this.breakUp(message);
      whole--;
      onGivenUp(message.ids, 'full', undefined);
    }
  }

  private breakUp(message: Incomplete<C>): void {
    this.bytes -= message.bytes;
    message.isBroken = true;
    message.bytes = 0;
    message.chunks.clear();
  }

  private finish(uuid: string, message: Incomplete<C>, { totalChunkMsgSize = 0 }: MessageMetadata): ChunkOutcome<C> {
    const { ids, bytes, isBroken } = message;
    const chunks = inOrder(message);
    this.remove(uuid, message);
    const last = chunks.at(-1);
    if (isBroken || last === undefined || bytes !== totalChunkMsgSize) return { kind: 'broken', ids };
    const payload = Buffer.concat(chunks.map((chunk) => chunk.payload));
    return { kind: 'complete', payload, ids: chunks.map(({ messageId }) => messageId), last };
  }

  private remove(uuid: string, { bytes }: Incomplete<C>): void {
    this.bytes -= bytes;
    this.incomplete.delete(uuid);
  }

  /**
   * Gives up messages of which no chunk came for a minute, although the log has gone on for a minute since their newest one: `logTimeMs` is the publish
   * time of an entry after it, or the time now when there is none.
   */
  expire(nowMs: number, logTimeMs: number): void {
    for (const [uuid, message] of [...this.incomplete]) {
      const isIdle = nowMs - message.arrivedAtMs >= INCOMPLETE_EXPIRES_MS;
      if (this.incomplete.get(uuid) !== message) continue;
      if (!isIdle || logTimeMs - message.publishTimeMs < INCOMPLETE_EXPIRES_MS) continue;
      this.remove(uuid, message);
      const last = inOrder(message).at(-1);
      const isEnd = last !== undefined && last.metadata.chunkId === (last.metadata.numChunksFromMsg ?? 0) - 1;
      this.limits.onGivenUp(message.ids, 'expired', isEnd ? last : undefined);
    }
  }

  /** What may be acknowledged cumulatively when everything up to `id` was processed: never the first chunk of a message that is not complete. */
  limitCumulative(id: MessageIdParts): MessageIdParts {
    let limited = id;
    for (const { ids, isBroken } of this.incomplete.values()) {
      const first = ids[0];
      if (isBroken || first === undefined || compareMessageIds(first, limited) > 0) continue;
      limited = { ledgerId: first.ledgerId, entryId: first.entryId - 1, batchIndex: -1 };
    }
    return limited;
  }

  clear(): void {
    this.incomplete.clear();
    this.bytes = 0;
  }
}

function inOrder<C extends Chunk>({ chunks }: Incomplete<C>): C[] {
  return [...chunks].sort(([a], [b]) => a - b).map(([, chunk]) => chunk);
}
