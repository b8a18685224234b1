import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.ts';
import type { MessageIdParts } from '../../src/core/message-id.ts';
import type { IncomingMessage, MessagingConsumer, MessagingSession } from '../../src/core/messaging.ts';
import type { PublishedTail } from '../../src/core/progress.ts';
import { scanTail } from '../../src/delivery/scan-tail.ts';

const at = (entryId: number): MessageIdParts => ({ ledgerId: 1, entryId, batchIndex: -1 });
const EMPTY: MessageIdParts = { ledgerId: -1, entryId: -1, batchIndex: -1 };

const message = (entryId: number, producerName: string, sequenceId: number): IncomingMessage => ({
  messageId: at(entryId),
  topic: 't',
  value: null,
  properties: {},
  publishTimeMs: 0,
  producerName,
  sequenceId,
  entryHighestSequenceId: sequenceId,
  redeliveryCount: 0,
});

/** Scans a topic that gives these pages, one after the other, then nothing; `last` is asked for before each. */
const scan = async (
  pages: readonly (readonly IncomingMessage[])[],
  { last, tail, markDelete }: { last: () => MessageIdParts; tail: PublishedTail; markDelete?: MessageIdParts },
) => {
  const left = [...pages];
  let isClosed = false;
  let start: unknown;
  const reader = {
    lastMessageId: async () => ({ last: last() }),
    receiveBatch: async () => [...(left.shift() ?? [])],
    close: async () => {
      isClosed = true;
    },
  } as unknown as MessagingConsumer;
  const guard = { lastMessageId: async () => ({ last: last(), markDelete }) } as unknown as MessagingConsumer;
  const session = {
    consumer: async ({ startMessageId }: { startMessageId: unknown }) => {
      start = startMessageId;
      return reader;
    },
  } as unknown as MessagingSession;
  const options = {
    session,
    signal: new AbortController().signal,
    tailStableMs: 0,
    clock: systemClock,
    random: () => 0.5,
  };
  try {
    return { highest: await scanTail('t', 'mine', guard, tail, options), start, left: left.length };
  } finally {
    expect(isClosed).toBe(true);
  }
};

describe('scanning the tail of a topic', () => {
  const tail = { sequence: 3, messageId: at(5) };

  test('finds the highest sequence of our own name, from the checkpointed entry on', async () => {
    const pages = [[message(5, 'mine', 3), message(6, 'other', 99)], [message(7, 'mine', 8)]];
    expect(await scan(pages, { last: () => at(7), tail })).toMatchObject({ highest: 8, start: at(5) });
  });

  test('takes no silence for the end: the broker may be slow (rule 7)', async () => {
    const pages = [[message(5, 'mine', 3)], [], [], [message(6, 'mine', 4)]];
    expect(await scan(pages, { last: () => at(6), tail })).toMatchObject({ highest: 4 });
  });

  test('ends although others go on writing', async () => {
    let end = 7;
    const pages = Array.from({ length: 100 }, (_, index) => [message(5 + index, index === 0 ? 'mine' : 'other', 3)]);
    const found = await scan(pages, { last: () => at(end++), tail });
    expect(found).toMatchObject({ highest: 3 });
    expect(found.left).toBeGreaterThan(90);
  });

  test('proves nothing when the checkpointed entry is gone (rule 7)', async () => {
    const gone = expect.objectContaining({ code: 'PIO_PROGRESS_UNCERTAIN', disposition: 'fatal' });
    await expect(scan([[message(6, 'mine', 8)]], { last: () => at(6), tail })).rejects.toEqual(gone);
    await expect(scan([], { last: () => EMPTY, tail })).rejects.toEqual(gone);
    await expect(scan([], { last: () => at(4), tail })).rejects.toEqual(gone);
  });

  test('rule 7: a guard that still stands where the generation began proves that nothing is missing', async () => {
    const start = { sequence: -1, messageId: at(2) };
    const pages = [[message(3, 'mine', 0)]];
    expect(await scan(pages, { last: () => at(3), tail: start, markDelete: at(2) })).toMatchObject({
      highest: 0,
      start: at(2),
    });
    expect(await scan([], { last: () => at(2), tail: start, markDelete: at(2) })).toMatchObject({ highest: -1 });
    const empty = { sequence: -1, messageId: at(-1) };
    expect(await scan([], { last: () => EMPTY, tail: empty, markDelete: at(-1) })).toMatchObject({ highest: -1 });
  });

  test('rule 7: a guard that was made again proves nothing, but the first entry of a ledger does', async () => {
    const gone = expect.objectContaining({ code: 'PIO_PROGRESS_UNCERTAIN' });
    const again = { last: () => at(4), markDelete: at(4) };
    await expect(
      scan([[message(4, 'mine', 1)]], { ...again, tail: { sequence: -1, messageId: at(2) } }),
    ).rejects.toEqual(gone);
    const whole = [[message(0, 'mine', 1), message(4, 'mine', 5)]];
    const tail = { sequence: -1, messageId: at(-1) };
    expect(await scan(whole, { ...again, tail })).toMatchObject({ highest: 5 });
  });
});
