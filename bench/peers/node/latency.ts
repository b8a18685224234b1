import type { Task } from './task.ts';

/** Sends and receives on one topic in one process, hence with one clock. */
export interface LatencyPair {
  send(data: Buffer): Promise<unknown>;
  /** The value of the next message, which it acknowledges. */
  receive(): Promise<Buffer>;
}

/** What a latency scenario prints: percentiles of the time from the call of send to the message in hand. */
export interface MeasuredLatency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sends at `rate` and takes the time of each message after the warm-up; the send time is in the message. */
export const measureLatency = async (
  { rate, warmUpMs, measureMs, payloadBytes }: Task,
  { send, receive }: LatencyPair,
): Promise<MeasuredLatency> => {
  const total = Math.floor((rate * (warmUpMs + measureMs)) / 1000);
  const startMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(total, ((performance.now() - startMs) * rate) / 1000);
    while (sent < due) {
      const data = Buffer.alloc(payloadBytes);
      data.writeDoubleLE(performance.now());
      send(data);
      sent++;
    }
    if (sent >= total) clearInterval(timer);
  }, 1);
  const latenciesMs: number[] = [];
  for (let received = 0; received < total; received++) {
    const sentAtMs = (await receive()).readDoubleLE();
    if (sentAtMs - startMs >= warmUpMs) latenciesMs.push(performance.now() - sentAtMs);
  }
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
};
