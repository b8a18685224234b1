import { type Static, Type } from '@sinclair/typebox';
import { systemClock } from '../../core/clock.ts';
import { defineLogSource, type OpenContext, type OpenLogSource } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { MAX_SEQUENCE, type Position } from '../../core/position.ts';
import type { SourceRecord } from '../../core/record.ts';
import { aborted, throwIfAborted } from '../abort.ts';
import { choice, pulsarKey, strictObject } from '../config.ts';
import { person, personSchema } from './person.ts';
import { hashText } from './random.ts';

const PAGE_RECORDS = 1_000;

const config = strictObject({
  sleepBetweenMessages: Type.Integer({
    minimum: 0,
    maximum: 86_400_000,
    default: 50,
    description: 'How long to sleep before each message, in milliseconds. 0: as fast as it goes.',
    ...pulsarKey('long', '50', { help: 'How long to sleep between emitting messages', required: true }),
  }),
  records: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_SEQUENCE,
      description: 'Total number of messages, shared evenly by the instances. Absent: endless.',
    }),
  ),
  startAt: Type.Integer({
    minimum: 0,
    maximum: MAX_SEQUENCE,
    default: 0,
    description: 'Number of the first message of each instance.',
  }),
  seed: Type.Integer({
    minimum: 0,
    maximum: 2 ** 32 - 1,
    default: 0,
    description: 'Another seed gives other persons.',
  }),
  keyField: Type.Optional(
    choice(['username', 'lastName', 'email', 'passportNumber'], {
      description: "Field that becomes the message's key; `username` is unique. Absent: no key, as in Pulsar.",
    }),
  ),
});

const position = strictObject({
  next: Type.Integer({ minimum: 0, description: 'Number of the first message that was not generated yet.' }),
});

type Config = Static<typeof config>;

/** How many of `total` messages partition `index` of `count` generates. */
const shareOf = (total: number, index: number, count: number): number =>
  Math.floor(total / count) + (index < total % count ? 1 : 0);

/**
 * Generates persons, one source partition per instance (`0` … `parallelism-1`). Message n of a partition is a pure function of (seed, partition, n), and
 * n is also its sequence, so every guarantee holds and a reader can tell what should have arrived.
 */
export const dataGeneratorSource = defineLogSource<typeof config>({
  name: 'data-generator',
  summary: 'Test data generator source',
  className: 'org.apache.pulsar.io.datagenerator.DataGeneratorSource',
  configClassName: 'org.apache.pulsar.io.datagenerator.DataGeneratorSourceConfig',
  guarantees: GUARANTEES,
  config,
  position,
  recordSchema: personSchema,
  pollIntervalMs: ({ records, sleepBetweenMessages }) =>
    records === undefined ? Math.max(1, sleepBetweenMessages) : undefined,
  open: async (options, context) => openGenerator(options, context),
});

const openGenerator = (options: Config, { parallelism }: OpenContext): OpenLogSource => ({
  partitions: async () => Array.from({ length: parallelism }, (_, index) => String(index)),
  read: (partition, from, signal) => generate(options, partition, parallelism, from, signal),
  close: async () => {},
});

async function* generate(
  { sleepBetweenMessages, records, startAt, seed, keyField }: Config,
  partition: string,
  parallelism: number,
  from: Position | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly SourceRecord[]> {
  const partitionSeed = hashText(`${seed}/${partition}`);
  const end = records === undefined ? MAX_SEQUENCE : startAt + shareOf(records, Number(partition), parallelism);
  const pageRecords = sleepBetweenMessages === 0 ? PAGE_RECORDS : 1;
  let next = from === undefined ? startAt : (from.next as number);
  while (next < end) {
    throwIfAborted(signal, 'generating data');
    if (sleepBetweenMessages > 0) await rest(sleepBetweenMessages, signal);
    const page: SourceRecord[] = [];
    for (const last = Math.min(end, next + pageRecords); next < last; next++) {
      const value = person(partitionSeed, partition, next);
      page.push({ value, ...(keyField && { key: value[keyField] }), sequence: next, position: { next: next + 1 } });
    }
    yield page;
  }
}

const rest = (ms: number, signal: AbortSignal): Promise<void> =>
  systemClock.sleep(ms, signal).catch(() => {
    throw aborted(signal, 'generating data');
  });
