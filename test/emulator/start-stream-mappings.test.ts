import { expect, test } from '@jest/globals';
import type { Polling } from '../../src/emulator/offline/mappings/mapping.ts';
import type { StreamApi, StreamRecord } from '../../src/emulator/offline/mappings/stream-api.ts';
import { pollStream } from '../../src/emulator/offline/mappings/stream-poller.ts';

const CREATED_MS = Date.parse('2026-01-01T00:10:30Z');
const recordAt = (n: number, arrivedMs: number, text = ''): StreamRecord => ({
  ...{ sequenceNumber: String(n), arrivedMs },
  event: { n, text },
});

/** One closed shard with these records; resolves with the events that the function got. */
const eventsOf = async (records: readonly StreamRecord[], StartingPosition: string): Promise<number[][]> => {
  const api: StreamApi = {
    shards: async () => [{ id: 's', parents: [] }],
    iterator: async () => 'first',
    read: async () => ({ records, next: undefined }),
    close: () => {},
  };
  const stop = new AbortController();
  const events: number[][] = [];
  const settings = { BatchSize: 10_000, MaximumBatchingWindowInSeconds: 0, StartingPosition };
  const polling: Polling = {
    mapping: { ...settings, EventSourceArn: 'arn', FunctionArn: 'f' } as Polling['mapping'],
    ...{ createdMs: CREATED_MS, positions: {}, signal: stop.signal },
    invoke: async (event) => void events.push((event as { Records: { n: number }[] }).Records.map(({ n }) => n)),
    note: () => {},
    save: () => polling.positions.s === 'END' && stop.abort(),
  };
  await pollStream(polling, api);
  return events;
};

test('a mapping that begins at LATEST calls for nothing that came before the minute in which it was made', async () => {
  const records = [recordAt(1, CREATED_MS - 60_000), recordAt(2, CREATED_MS), recordAt(3, CREATED_MS + 1)];
  expect(await eventsOf(records, 'LATEST')).toEqual([[2, 3]]);
  expect(await eventsOf(records, 'TRIM_HORIZON')).toEqual([[1, 2, 3]]);
});

test('what does not fit one invocation of 6 MB comes with several', async () => {
  const large = 'x'.repeat(3_500_000);
  const records = [1, 2, 3].map((n) => recordAt(n, CREATED_MS, n < 3 ? large : ''));
  expect(await eventsOf(records, 'LATEST')).toEqual([[1], [2, 3]]);
});
