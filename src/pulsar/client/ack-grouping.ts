import { compareMessageIds, type MessageIdParts } from '../../core/message-id.ts';
import type { PulsarError } from '../errors.ts';
import { AckType, type MessageIdInput } from '../protocol/index.ts';
import { EntryAcks } from './entry-acks.ts';

/** What acknowledgements are made of, and where they go. */
export interface AckGroupingOptions {
  /** Acknowledge single messages of a batch on the wire (the broker must have it enabled). */
  readonly isBatchIndexAck: boolean;
  /** An acknowledgement resolves with the broker's answer instead of at once. */
  readonly isReceipt: boolean;
  /** Writes ACK; resolves with the broker's answer when `isReceipt`. Undefined while not connected. */
  readonly send: (ackType: AckType, ids: readonly MessageIdInput[]) => Promise<void> | undefined;
}

const GROUP_MS = 100;
const GROUP_MESSAGES = 1000;

function entryKey({ ledgerId, entryId }: { readonly ledgerId: number; readonly entryId: number }): string {
  return `${ledgerId}:${entryId}`;
}

/** The entry to name for a cumulative acknowledgement: the one before, for an id in the middle of a batch. */
export function cumulativeEntry(id: MessageIdParts): MessageIdParts | undefined {
  const isWhole = id.batchIndex < 0 || (id.batchSize !== undefined && id.batchIndex === id.batchSize - 1);
  const entryId = isWhole ? id.entryId : id.entryId - 1;
  return entryId < 0 ? undefined : { ledgerId: id.ledgerId, entryId, batchIndex: -1 };
}

/** Whether `id` is covered by the cumulative acknowledgement of `last`; `last.batchIndex` -1 is a whole entry. */
export function isAtOrBefore(id: MessageIdParts, last: MessageIdParts): boolean {
  if (id.ledgerId !== last.ledgerId) return id.ledgerId < last.ledgerId;
  if (id.entryId !== last.entryId) return id.entryId < last.entryId;
  return last.batchIndex < 0 || id.batchIndex <= last.batchIndex;
}

/** Collects acknowledgements for 100 ms or 1000 messages; keeps them while not connected. */
export class AckGrouping {
  readonly entries = new EntryAcks();
  private readonly options: AckGroupingOptions;
  private readonly individual = new Map<string, MessageIdInput>();
  private cumulative: MessageIdParts | undefined;
  private lastCumulative: MessageIdParts | undefined;
  private timer: NodeJS.Timeout | undefined;
  private flushed = Promise.withResolvers<void>();
  /** Of receipts that are on their way. */
  private readonly rejects = new Set<(reason: PulsarError) => void>();

  constructor(options: AckGroupingOptions) {
    this.options = options;
  }

  /** Acknowledges one message; with receipts a promise of the broker's answer, if anything was to be sent. */
  add(id: MessageIdParts): Promise<void> | undefined {
    const { ledgerId, entryId } = id;
    const isWhole = this.entries.add(id);
    if (!isWhole && !this.options.isBatchIndexAck) return undefined;
    const ackSet = isWhole ? undefined : this.entries.ackSet(ledgerId, entryId);
    this.individual.set(entryKey(id), { ledgerId, entryId, ackSet });
    return this.schedule();
  }

  /** Acknowledges everything up to `id`; as {@link add}. */
  addCumulative(id: MessageIdParts): Promise<void> | undefined {
    const entry = this.options.isBatchIndexAck ? id : cumulativeEntry(id);
    if (entry === undefined) return undefined;
    this.entries.forgetThrough(entry.ledgerId, entry.batchIndex < 0 ? entry.entryId : entry.entryId - 1);
    if (this.lastCumulative === undefined || compareMessageIds(entry, this.lastCumulative) > 0) {
      this.cumulative = entry;
      this.lastCumulative = entry;
    }
    return this.schedule();
  }

  /** Whether anything of an entry may be acknowledged already; if not, its messages need not be asked for one by one. */
  mayKnow(id: MessageIdParts): boolean {
    const last = this.lastCumulative;
    if (
      last !== undefined &&
      (id.ledgerId < last.ledgerId || (id.ledgerId === last.ledgerId && id.entryId <= last.entryId))
    )
      return true;
    return (
      this.entries.knows(id.ledgerId, id.entryId) || (this.individual.size > 0 && this.individual.has(entryKey(id)))
    );
  }

  /** Whether a message that comes again was acknowledged already, here or at the broker. */
  isAcknowledged(id: MessageIdParts): boolean {
    const last = this.lastCumulative;
    if (last !== undefined && isAtOrBefore(id, last)) return true;
    if (this.individual.size === 0) return this.entries.has(id.ledgerId, id.entryId, id.batchIndex);
    const pending = this.individual.get(entryKey(id));
    if (pending !== undefined && pending.ackSet === undefined) return true;
    return this.entries.has(id.ledgerId, id.entryId, id.batchIndex);
  }

  private schedule(): Promise<void> | undefined {
    const { promise } = this.flushed;
    if (this.individual.size >= GROUP_MESSAGES) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), GROUP_MS).unref();
    return this.options.isReceipt ? promise : undefined;
  }

  /** Sends what was collected, if connected. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.individual.size === 0 && this.cumulative === undefined) return;
    const sends = [
      this.individual.size === 0 ? undefined : this.options.send(AckType.Individual, [...this.individual.values()]),
      this.cumulative && this.options.send(AckType.Cumulative, [this.cumulativeId(this.cumulative)]),
    ].filter((sent) => sent !== undefined);
    if (sends.length === 0) return;
    this.individual.clear();
    this.cumulative = undefined;
    const { resolve, reject, promise } = this.flushed;
    this.flushed = Promise.withResolvers();
    promise.catch(() => undefined);
    this.rejects.add(reject);
    Promise.all(sends)
      .then(() => resolve(), reject)
      .finally(() => this.rejects.delete(reject));
  }

  private cumulativeId({ ledgerId, entryId, batchIndex, batchSize }: MessageIdParts): MessageIdInput {
    const isWhole = batchIndex < 0 || batchSize === undefined || batchIndex === batchSize - 1;
    if (isWhole) return { ledgerId, entryId };
    const rest = new EntryAcks();
    const delivered = Array.from({ length: batchSize - batchIndex - 1 }, (_, i) => batchIndex + 1 + i);
    rest.exclude(
      ledgerId,
      entryId,
      batchSize,
      delivered.map((index) => ({ ledgerId, entryId, batchIndex: index })),
    );
    return { ledgerId, entryId, ackSet: rest.ackSet(ledgerId, entryId) };
  }

  /** No answer comes any more to what was sent: who waits for one is told `reason`. */
  abandon(reason: PulsarError): void {
    for (const reject of this.rejects) reject(reason);
    this.rejects.clear();
  }

  /** After a new subscription: sends what waits. What comes again then is to be processed again. */
  restart(): void {
    this.flush();
    this.lastCumulative = undefined;
    this.entries.clear();
  }

  /** Forgets everything: after a seek the messages may come again. */
  clear(): void {
    this.individual.clear();
    this.cumulative = undefined;
    this.lastCumulative = undefined;
    this.entries.clear();
  }

  /** Ends: who still waits for an answer is told `reason`. */
  end(reason: PulsarError): void {
    clearTimeout(this.timer);
    this.flushed.promise.catch(() => undefined);
    this.flushed.reject(reason);
  }
}
