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
 * What a chunk led to. `complete`: the compressed message, and where its chunks lie, first to last. `broken`: the last chunk of a message of which
 * others are missing; `ids` are those that were seen. `duplicate`: the chunk is in another entry already.
 */
export type ChunkOutcome =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'complete'; readonly payload: Buffer; readonly ids: readonly MessageIdParts[] }
  | { readonly kind: 'broken'; readonly ids: readonly MessageIdParts[] };

/** Limits of {@link ChunkAssembler}. */
export interface ChunkLimits {
  /** Incomplete messages that are kept at a time; 0: no limit. */
  readonly maxPending: number;
  /** Of all incomplete messages together. */
  readonly maxBytes: number;
  /** An incomplete message is given up; its chunks are no longer kept. */
  readonly onGivenUp: (ids: readonly MessageIdParts[], reason: 'full' | 'expired' | 'replaced') => void;
}

interface Incomplete {
  ids: MessageIdParts[];
  parts: Buffer[];
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
export class ChunkAssembler {
  private readonly limits: ChunkLimits;
  /** By uuid, the one that began first in front. */
  private readonly incomplete = new Map<string, Incomplete>();
  private bytes = 0;

  constructor(limits: ChunkLimits) {
    this.limits = limits;
  }

  get isEmpty(): boolean {
    return this.incomplete.size === 0;
  }

  /** Takes a chunk. `nowMs` is any monotonic clock. */
  add(chunk: Chunk, nowMs: number): ChunkOutcome {
    const { uuid = '', chunkId = 0, numChunksFromMsg = 0 } = chunk.metadata;
    const known = chunkId === 0 ? this.begin(uuid, chunk.messageId) : this.incomplete.get(uuid);
    const isFollowing = known !== undefined && !known.isBroken;
    if (isFollowing && chunkId < known.parts.length) return { kind: 'duplicate' };
    const message = known ?? this.open(uuid, true);
    if (isFollowing && chunkId > known.parts.length) this.breakUp(message);
    message.ids.push(chunk.messageId);
    message.publishTimeMs = Math.max(message.publishTimeMs, chunk.metadata.publishTime);
    message.arrivedAtMs = nowMs;
    if (!message.isBroken) this.keep(message, chunk);
    if (chunkId < numChunksFromMsg - 1) return { kind: 'waiting' };
    return this.finish(uuid, message, chunk.metadata.totalChunkMsgSize ?? 0);
  }

  private begin(uuid: string, messageId: MessageIdParts): Incomplete {
    const former = this.incomplete.get(uuid);
    if (former !== undefined) {
      this.remove(uuid, former);
      const isRedelivery = former.ids.some((id) => compareMessageIds(id, messageId) === 0);
      if (!isRedelivery) this.limits.onGivenUp(former.ids, 'replaced');
    }
    return this.open(uuid, false);
  }

  private open(uuid: string, isBroken: boolean): Incomplete {
    const message = { ids: [], parts: [], bytes: 0, isBroken, publishTimeMs: 0, arrivedAtMs: 0 };
    this.incomplete.set(uuid, message);
    this.makeRoom(message);
    return message;
  }

  private keep(message: Incomplete, { metadata, payload }: Chunk): void {
    const total = metadata.totalChunkMsgSize ?? 0;
    if (payload.length === 0 || message.bytes + payload.length > Math.min(total, this.limits.maxBytes)) {
      this.breakUp(message);
      return;
    }
    message.parts.push(payload);
    message.bytes += payload.length;
    this.bytes += payload.length;
    this.makeRoom(message);
  }

  /** Gives up the oldest incomplete messages until the limits hold; `current` stays. */
  private makeRoom(current: Incomplete): void {
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
      onGivenUp(message.ids, 'full');
    }
  }

  private breakUp(message: Incomplete): void {
    this.bytes -= message.bytes;
    Object.assign(message, { isBroken: true, bytes: 0, parts: [] });
  }

  private finish(uuid: string, message: Incomplete, totalBytes: number): ChunkOutcome {
    const { ids, parts, bytes, isBroken } = message;
    this.remove(uuid, message);
    if (isBroken || bytes !== totalBytes) return { kind: 'broken', ids };
    return { kind: 'complete', payload: Buffer.concat(parts), ids };
  }

  private remove(uuid: string, { bytes }: Incomplete): void {
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
      if (!isIdle || logTimeMs - message.publishTimeMs < INCOMPLETE_EXPIRES_MS) continue;
      this.remove(uuid, message);
      this.limits.onGivenUp(message.ids, 'expired');
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
