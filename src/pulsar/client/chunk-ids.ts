import { compareMessageIds, type MessageIdParts } from '../../core/message-id.ts';

function keyOf({ ledgerId, entryId }: MessageIdParts): string {
  return `${ledgerId}:${entryId}`;
}

/** Which entries the messages consist of that were put together from chunks, until they are acknowledged or asked for again. By the last chunk. */
export class ChunkIds {
  private readonly byLast = new Map<string, readonly MessageIdParts[]>();

  /** `ids` in order; the last is the message's. */
  note(ids: readonly MessageIdParts[]): void {
    const last = ids.at(-1);
    if (last !== undefined && ids.length > 1) this.byLast.set(keyOf(last), ids);
  }

  /** The entries of these messages, which are then forgotten. */
  take(ids: readonly MessageIdParts[]): readonly MessageIdParts[] {
    if (this.byLast.size === 0) return ids;
    return ids.flatMap((id) => {
      const key = keyOf(id);
      const chunks = this.byLast.get(key);
      this.byLast.delete(key);
      return chunks ?? [id];
    });
  }

  /** Forgets messages up to one: a cumulative acknowledgement has settled them. */
  forgetThrough(id: MessageIdParts): void {
    for (const [key, ids] of this.byLast) {
      if (compareMessageIds(ids.at(-1) as MessageIdParts, id) <= 0) this.byLast.delete(key);
    }
  }

  clear(): void {
    this.byLast.clear();
  }
}
