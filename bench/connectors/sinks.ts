import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { catalogue } from '../../src/connectors/catalogue.ts';
import type { SinkType, TransactionalSink } from '../../src/core/connector-type.ts';
import { FRONTIER_START } from '../../src/core/frontier.ts';
import type { Guarantee } from '../../src/core/guarantee.ts';
import type { RecordResult, SinkRecord } from '../../src/core/record.ts';
import { configOf, context } from '../../test/connectors/open.ts';
import type { Target } from '../../test/e2e/target.ts';
import {
  type Batches,
  type Measured,
  type Measures,
  pagesOf,
  type Row,
  type SinkSide,
  timed,
  type Writer,
} from './system.ts';

const TOPIC = 'persistent://public/default/bench';
const BATCH = 1_000;
const GUARANTEES = ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const satisfies readonly Guarantee[];

const running = (): AbortSignal => new AbortController().signal;

/** Rates of one sink: of its client alone, and under each guarantee in each mode. Only the sink's code, without topic and pipeline. */
export const sinkMeasures = (sink: SinkSide): Measures => [
  ['raw client', () => measure(sink, (target, batches) => sink.raw(target, batches))],
  ...Object.entries(sink.modes).flatMap(([mode, configs]) =>
    (sink.guarantees ?? GUARANTEES).map((guarantee): Measures[number] => [
      `${guarantee}${mode}`,
      () => measure(sink, (target, batches) => throughSink(target, configs, guarantee, batches)),
    ]),
  ),
];

/** Into a fresh target, which counts them. */
const measure = async ({ records, target: makeTarget }: SinkSide, writer: Writer): Promise<Measured> => {
  await using target = await makeTarget();
  const batches = pagesOf(records, BATCH).map((rows) => rows.map(recordOf));
  const write = await writer(target, batches);
  const measured = await timed(records, write);
  await requireArrived(target, records);
  return measured;
};

/** A target that is told of what arrived hears of the last records later: as long as more come, and so much longer. */
const ARRIVAL_MS = 10_000;

const requireArrived = async (target: Target, records: number): Promise<void> => {
  let arrived = await target.distinct();
  for (let sinceMs = performance.now(); arrived < records && performance.now() - sinceMs < ARRIVAL_MS; ) {
    await sleep(20);
    const now = await target.distinct();
    if (now !== arrived) sinceMs = performance.now();
    arrived = now;
  }
  if (arrived !== records) throw new Error(`${target.name} has ${arrived} of ${records} records`);
};

const throughSink = async (
  target: Target,
  configs: object,
  guarantee: Guarantee,
  batches: Batches,
): Promise<() => Promise<void>> => {
  const type = catalogue.sink(target.sinkType) as SinkType;
  const config = configOf(type, { ...target.configs, ...configs });
  const sink = (await type.open(config, context({ guarantee, uid: randomUUID() }))) as TransactionalSink;
  const form = type.acceptsFor?.(config) ?? type.accepts;
  const shaped = batches.map((batch) => batch.map((record) => inForm(record, form)));
  return async () => {
    if (type.route === 'transactional' && guarantee === 'EFFECTIVELY_ONCE') await transactAll(sink, shaped);
    else for (const batch of shaped) requireWritten(await sink.write(batch, running()));
    await sink.close();
  };
};

const transactAll = async (sink: TransactionalSink, batches: Batches): Promise<void> => {
  const token = { generation: 1, epoch: 1 };
  let { frontier: from } = await sink.fence(TOPIC, token, FRONTIER_START, running());
  for (const batch of batches) {
    const { messageId, version } = batch.at(-1) as SinkRecord;
    const to = { ...messageId, version };
    requireWritten(await sink.transact(batch, { topic: TOPIC, token, from, to }, running()));
    from = to;
  }
};

const requireWritten = (results: readonly (RecordResult | undefined)[] | undefined): void => {
  for (const result of results ?? []) if (result && !result.ok) throw result.error;
};

const inForm = (record: SinkRecord, form: SinkType['accepts']): SinkRecord => ({
  ...record,
  value: form === 'fields' ? record.value : form === 'text' ? String(record.bytes) : record.bytes,
});

const recordOf = (value: Row): SinkRecord => ({
  ...{ topic: TOPIC, messageId: { ledgerId: 1, entryId: value.n, batchIndex: -1 }, key: value.id, value },
  ...{ bytes: Buffer.from(JSON.stringify(value)), properties: {}, publishTimeMs: Date.now(), producerName: 'bench' },
  ...{ sequenceId: value.n, redeliveryCount: 0, version: Date.now() * 1_000 + value.n },
});
