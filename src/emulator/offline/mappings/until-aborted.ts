import { setTimeout as sleep } from 'node:timers/promises';
import type { Polling } from './mapping.ts';

const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [250, 10_000];

/**
 * Does it again and again until it resolves with `done`, or the mapping is no more; after a failure with a pause that doubles. The failure is the mapping's last result.
 */
export const untilAborted = async (
  { signal, note }: Polling,
  once: () => Promise<'done' | undefined>,
): Promise<void> => {
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; ) {
    try {
      if ((await once()) === 'done') return;
      pauseMs = FIRST_PAUSE_MS;
    } catch (error) {
      note(`PROBLEM: ${(error as Error).message}`);
      await pause(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }
};

/** Waits; ends at once when the mapping is no more. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => {});
