import type { Clock } from '../core/clock.ts';
import { concurrently } from '../core/concurrently.ts';
import type { OpenLogSource, SettledUpTo } from '../core/connector-type.ts';
import type { InboxBatch, InboxMessage, InboxStore, Manifest } from '../core/inbox.ts';
import type { Position } from '../core/position.ts';
import type { SourceRecord } from '../core/record.ts';
import { INBOX_PARTITION } from '../core/source-runs.ts';

/** What an inbox is read with. */
export interface InboxLogOptions {
  readonly inbox: InboxStore;
  readonly uid: string;
  readonly clock: Clock;
  /** How long the tombstone of a message is kept, in milliseconds. */
  readonly rememberMs: number;
  /** Brings more messages into an empty inbox; resolves with their number. */
  fill(): Promise<number>;
}

const CLAIMS_AT_ONCE = 32;

/**
 * An inbox as a log (GUARANTEES rule 36): the manifest gives every message a sequence before anything is done with it, so that a run that died is followed by one
 * that reads the same messages under the same sequences. A message whose id has a tombstone under another sequence is a repetition, and is left out.
 */
export class InboxLog implements OpenLogSource {
  readonly #options: InboxLogOptions;
  /** Last sequence of each batch that was read and may not be settled yet. */
  readonly #lastOf = new Map<string, number>();

  constructor(options: InboxLogOptions) {
    this.#options = options;
  }

  async partitions(): Promise<readonly string[]> {
    return [INBOX_PARTITION];
  }

  async *read(
    _partition: string,
    from: Position | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly SourceRecord[], void, void> {
    const { inbox, uid, fill } = this.#options;
    const settled = (from?.sequence as number | undefined) ?? -1;
    this.#lastOf.clear();
    let manifest = await inbox.manifest(uid, signal);
    for (const row of manifest.rows) {
      const batch = await inbox.read(uid, row.key, signal);
      if (batch) yield await this.#page([batch], row.from, settled, signal);
    }
    for (;;) {
      const waiting = await inbox.waiting(uid, new Set(this.#lastOf.keys()), signal);
      if (waiting.length === 0) {
        if ((await fill()) === 0) return;
        continue;
      }
      const { next } = manifest;
      manifest = await this.#assign(manifest, waiting, signal);
      yield await this.#page(waiting, next, -1, signal);
    }
  }

  async committed(_partition: string, { sequence }: Pick<SettledUpTo, 'sequence'>, signal: AbortSignal): Promise<void> {
    const { inbox, uid } = this.#options;
    const done = [...this.#lastOf].filter(([, last]) => last <= sequence).map(([key]) => key);
    await inbox.remove(uid, done, signal);
    for (const key of done) this.#lastOf.delete(key);
  }

  async close(): Promise<void> {}

  /** The manifest with these batches behind the others, and without those that are settled. */
  #assign(held: Manifest, batches: readonly InboxBatch[], signal: AbortSignal): Promise<Manifest> {
    const { inbox, uid } = this.#options;
    const rows = held.rows.filter(({ key }) => this.#lastOf.has(key));
    let { next } = held;
    for (const { key, messages } of batches) {
      rows.push({ key, from: next, count: messages.length });
      next += messages.length;
    }
    return inbox.assign(held, uid, { next, rows }, signal);
  }

  /** Records of batches that are numbered from `from`: those beyond `settled` that are no repetitions. A batch that has none is removed at once. */
  async #page(
    batches: readonly InboxBatch[],
    from: number,
    settled: number,
    signal: AbortSignal,
  ): Promise<readonly SourceRecord[]> {
    const { inbox, uid } = this.#options;
    const numbered = batches
      .flatMap(({ key, messages }) => messages.map((message) => ({ key, message })))
      .map((one, index) => ({ ...one, sequence: from + index }))
      .filter(({ sequence }) => sequence > settled);
    const fresh = await this.#claimed(numbered, signal);
    for (const { key, sequence } of fresh) this.#lastOf.set(key, sequence);
    const done = batches.map(({ key }) => key).filter((key) => !this.#lastOf.has(key));
    await inbox.remove(uid, done, signal);
    return fresh.map(({ message, sequence }) => recordOf(message, sequence));
  }

  /** Those whose id nobody had before. Of two with one id the first has it: by the order here, and in a later attempt by the tombstone. */
  async #claimed(numbered: readonly Numbered[], signal: AbortSignal): Promise<readonly Numbered[]> {
    const { inbox, uid, clock, rememberMs } = this.#options;
    const firstOf = new Map<string, Numbered>();
    for (const one of numbered) if (!firstOf.has(one.message.id)) firstOf.set(one.message.id, one);
    const claimed = new Set<Numbered>();
    const expiresAtMs = clock.nowMs() + rememberMs;
    await concurrently([...firstOf.values()], CLAIMS_AT_ONCE, async (one) => {
      if (await inbox.claim(uid, one.message.id, `#${one.sequence}`, expiresAtMs, signal)) claimed.add(one);
    });
    return numbered.filter((one) => claimed.has(one));
  }
}

/** A message with the sequence that the manifest gives it, and the batch it came in. */
interface Numbered {
  readonly key: string;
  readonly message: InboxMessage;
  readonly sequence: number;
}

const recordOf = ({ id: _, ...record }: InboxMessage, sequence: number): SourceRecord => ({
  ...record,
  sequence,
  position: { sequence },
});
