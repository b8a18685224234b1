import { PulsarIoError } from '../../core/errors.ts';
import type { SourceRecord } from '../../core/record.ts';
import { throwIfAborted } from '../abort.ts';
import type { RecordConfig } from './config.ts';
import { type Bounds, bytesOf, countOf, firstTooLarge, type MakeRecords } from './records.ts';
import { contentEnd, type Split } from './split.ts';
import type { Window } from './window.ts';

const PAGE_RECORDS = 2_000;
const PAGE_BYTES = 1024 * 1024;

/** How the records of one file are found and made. */
export interface Reading {
  readonly partition: string;
  readonly config: RecordConfig;
  readonly split: Split;
  readonly make: MakeRecords;
}

/** Pages of what follows in `window`, up to the end of the file; `ordinal` lines lie before it. */
export async function* readPages(
  window: Window,
  reading: Reading,
  ordinal: number,
  signal: AbortSignal,
): AsyncGenerator<readonly SourceRecord[]> {
  for (let lines = ordinal, isEnd = false; !isEnd; ) {
    throwIfAborted(signal, `reading ${reading.partition}`);
    isEnd = (await window.fill()) === 0;
    const { bounds, next, tooLargeAt } = recordsIn(window, reading, isEnd);
    for (const [first, last] of cuts(bounds)) {
      throwIfAborted(signal, `reading ${reading.partition}`);
      const page = reading.make(window, bounds, first, last, lines + first);
      if (page.length > 0) yield page;
    }
    if (tooLargeAt !== undefined) throw tooLarge(reading, window.base + tooLargeAt);
    lines += countOf(bounds);
    window.consume(next);
  }
}

interface Found {
  /** Complete records, up to the first that is too large. */
  readonly bounds: Bounds;
  /** Index of the first byte after them. */
  readonly next: number;
  /** Index of the first byte of a record that is too large. */
  readonly tooLargeAt?: number;
}

const recordsIn = (window: Window, { split, config }: Reading, isEnd: boolean): Found => {
  const { buffer, from, to } = window;
  const bounds: number[] = [];
  let next = split(buffer, from, to, (start, end, after) => bounds.push(start, end, after));
  if (isEnd && config.lastLine === 'take' && next < to) {
    bounds.push(next, contentEnd(buffer, next, to), to);
    next = to;
  }
  const large = firstTooLarge(bounds, config.maxRecordBytes);
  if (large >= 0) return { bounds: bounds.slice(0, large), next, tooLargeAt: bounds[large] as number };
  return to - next > config.maxRecordBytes + 2 ? { bounds, next, tooLargeAt: next } : { bounds, next };
};

/** Cuts `bounds` into pages: first and last record (exclusive) of each. */
function* cuts(bounds: Bounds): Generator<readonly [number, number]> {
  const count = countOf(bounds);
  for (let first = 0; first < count; ) {
    let last = Math.min(count, first + PAGE_RECORDS);
    while (last > first + 1 && bytesOf(bounds, first, last) > PAGE_BYTES) last = first + Math.ceil((last - first) / 2);
    yield [first, last];
    first = last;
  }
}

const tooLarge = ({ partition, config }: Reading, offset: number): PulsarIoError =>
  new PulsarIoError(
    'PIO_SOURCE_RECORD_INVALID',
    `${partition} has at byte ${offset} a record of more than maxRecordBytes (${config.maxRecordBytes}): raise it, or shorten the record${config.format === 'csv' ? '; a quote that is never closed looks like this too' : ''}`,
    { disposition: 'fatal' },
  );
