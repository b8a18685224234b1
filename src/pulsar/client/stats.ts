import type { AckType } from '../protocol/index.ts';

type Counts<Key> = Map<Key, number>;

const PERCENTILES = [50, 90, 99, 99.9];
/** Buckets grow by 4 %. */
const BUCKETS_PER_OCTAVE = 16;

function add<Key>(counts: Counts<Key>, key: Key, count: number): void {
  if (count > 0) counts.set(key, (counts.get(key) ?? 0) + count);
}

/** What happened to messages in a time. */
class Period {
  messages = 0;
  bytes = 0;
  readonly results: Counts<string> = new Map();
  readonly latencies: Counts<number> = new Map();

  include({ messages, bytes, results, latencies }: Period): void {
    this.messages += messages;
    this.bytes += bytes;
    for (const [result, count] of results) add(this.results, result, count);
    for (const [bucket, count] of latencies) add(this.latencies, bucket, count);
  }
}

function resultsText(results: Counts<string>): string {
  return `{${[...results].map(([result, count]) => `[Key: ${result}, Value: ${count}], `).join('')}}`;
}

function receivedText({ messages }: Period): string {
  return resultsText(new Map(messages > 0 ? [['Ok', messages]] : []));
}

function latencyText({ latencies }: Period): string {
  const sorted = [...latencies].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const texts = PERCENTILES.map((percent) => {
    let left = (total * percent) / 100;
    let bucket = Number.NEGATIVE_INFINITY;
    for (const [next, count] of sorted) {
      if (left <= 0) break;
      bucket = next;
      left -= count;
    }
    return `${percent}pct: ${Number((2 ** (bucket / BUCKETS_PER_OCTAVE)).toPrecision(3))}ms`;
  });
  return `Latencies [ ${texts.join(', ')}]`;
}

/** What a producer or consumer counts, and its line in the log, in the words of npm `pulsar-client`. */
export abstract class Stats {
  protected recent = new Period();
  protected readonly total = new Period();

  /** Messages were sent, or given to the application. */
  note(messages: readonly { readonly value: Uint8Array | null }[]): void {
    for (const { value } of messages) this.noteOne(value);
  }

  noteOne(value: Uint8Array | null): void {
    this.recent.messages++;
    this.recent.bytes += value?.length ?? 0;
  }

  /** The line for the log; then counting begins anew, but for the totals. */
  take(who: string): string {
    this.total.include(this.recent);
    const text = this.describe(who);
    this.recent = new Period();
    return text;
  }

  protected abstract describe(who: string): string;
}

/** Statistics of a producer. */
export class ProducerStats extends Stats {
  /** `ageMs`: since the first message of the entry was given to `send`. */
  done(result: string, messages: number, ageMs: number): void {
    add(this.recent.results, result, messages);
    add(this.recent.latencies, Math.round(Math.log2(Math.max(ageMs, 0.001)) * BUCKETS_PER_OCTAVE), messages);
  }

  protected describe(who: string): string {
    const { recent, total } = this;
    const acks = [...total.results.values()].reduce((sum, count) => sum + count, 0);
    return `Producer [${who}] , ProducerStatsImpl (numMsgsSent_ = ${recent.messages}, numBytesSent_ = ${recent.bytes}, sendMap_ = ${resultsText(recent.results)}, latencyAccumulator_ = ${latencyText(recent)}, totalMsgsSent_ = ${total.messages}, totalBytesSent_ = ${total.bytes}, totalAcksReceived_ = ${acks}, totalSendMap_ = ${resultsText(total.results)}, totalLatencyAccumulator_ = ${latencyText(total)})`;
  }
}

/** Statistics of a consumer. */
export class ConsumerStats extends Stats {
  /** A message, or all up to one, was acknowledged. */
  acknowledged(ackType: AckType): void {
    add(this.recent.results, `{Result: Ok, ackType: ${ackType}}`, 1);
  }

  protected describe(who: string): string {
    const { recent, total } = this;
    return `Consumer [${who}] , ConsumerStatsImpl (numBytesRecieved_ = ${recent.bytes}, totalNumBytesRecieved_ = ${total.bytes}, receivedMsgMap_ = ${receivedText(recent)}, ackedMsgMap_ = ${resultsText(recent.results)}, totalReceivedMsgMap_ = ${receivedText(total)}, totalAckedMsgMap_ = ${resultsText(total.results)})`;
  }
}

/** The lines of a client's producers and consumers, of all of them every `intervalMs`. */
export class StatsLog {
  private readonly intervalMs: number;
  private readonly log: (line: string) => void;
  private readonly lines = new Set<() => string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number, log: (line: string) => void) {
    this.intervalMs = intervalMs;
    this.log = log;
  }

  add(line: () => string): void {
    this.lines.add(line);
    this.timer ??= setInterval(() => {
      for (const take of this.lines) this.log(take());
    }, this.intervalMs).unref();
  }

  remove(line: () => string): void {
    this.lines.delete(line);
    if (this.lines.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
