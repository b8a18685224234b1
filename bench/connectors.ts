import { randomUUID } from 'node:crypto';
import { catalogue } from '../src/connectors/catalogue.ts';
import type { SinkType, TransactionalSink } from '../src/core/connector-type.ts';
import { FRONTIER_START } from '../src/core/frontier.ts';
import type { Guarantee } from '../src/core/guarantee.ts';
import type { RecordResult, SinkRecord } from '../src/core/record.ts';
import { resolveConfig } from '../src/core/type-config.ts';
import { inputRecord } from '../test/e2e/growing-file.ts';
import type { Target } from '../test/e2e/target.ts';
import { SYSTEMS, type System } from './connector-systems.ts';
import { type Figure, median } from './report.ts';

const TOPIC = 'persistent://public/default/bench';
const BATCH = 1_000;
const GUARANTEES = ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const satisfies readonly Guarantee[];

const running = (): AbortSignal => new AbortController().signal;

/** Every sink under two guarantees, and the bulk way of its own client, in turn on the same server: only the sink's code, without topic and pipeline. */
export const connectorFigures = async (rounds: number): Promise<Figure[]> => {
  const figures: Figure[] = [];
  for (const [name, start] of Object.entries(SYSTEMS)) {
    await using system = await start();
    const rates = new Map<string, number[]>();
    for (let round = -1; round < rounds; round++) {
      for (const [what, measure] of measuresOf(system)) {
        const rate = await measure();
        // The first is measured before the code is warm.
        if (round >= 0) rates.set(what, [...(rates.get(what) ?? []), rate]);
      }
    }
    const peer = median(rates.get(RAW) ?? []);
    for (const [what, seen] of rates) {
      const value = median(seen);
      const ratio = what !== RAW && { ratio: { to: RAW, value: value / peer } };
      figures.push({ name: `${name}, ${what}`, value, unit: 'records/s', ...ratio });
    }
  }
  return figures;
};

const RAW = 'raw client';

const measuresOf = (system: System): [string, () => Promise<number>][] => [
  [RAW, () => measure(system, (target, batches) => system.raw(target, batches))],
  ...Object.entries(system.modes).flatMap(([mode, configs]) =>
    GUARANTEES.map((guarantee): [string, () => Promise<number>] => [
      `${guarantee}${mode}`,
      () => measure(system, (target, batches) => throughSink(target, configs, guarantee, batches)),
    ]),
  ),
];

type Batches = readonly (readonly SinkRecord[])[];

/** Opens, and writes; the answer writes one after the other and ends. */
export type Writer = (target: Target, batches: Batches) => Promise<() => Promise<void>>;

/** Records per second into a fresh target, which counts them. */
const measure = async ({ records, target: makeTarget }: System, writer: Writer): Promise<number> => {
  await using target = await makeTarget();
  const batches = batchesOf(records);
  const write = await writer(target, batches);
  const startMs = performance.now();
  await write();
  const tookMs = performance.now() - startMs;
  const arrived = await target.distinct();
  if (arrived !== records) throw new Error(`${target.name} has ${arrived} of ${records} records`);
  return records / (tookMs / 1_000);
};

const throughSink = async (
  target: Target,
  configs: object,
  guarantee: Guarantee,
  batches: Batches,
): Promise<() => Promise<void>> => {
  const type = catalogue.sink(target.sinkType) as SinkType;
  const { config, problems } = resolveConfig(type.config, { ...target.configs, ...configs });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const sink = (await type.open(config as never, contextOf(guarantee))) as TransactionalSink;
  const shaped = batches.map((batch) => batch.map((record) => inForm(record, type.accepts)));
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

const contextOf = (guarantee: Guarantee) => ({
  ...{ connector: 'public/default/bench', uid: randomUUID(), instance: 0, parallelism: 1, guarantee, createdAtMs: 0 },
  ...{ positionOf: async () => undefined, signal: running(), fetch, getSecret: async () => undefined },
});

const inForm = (record: SinkRecord, form: SinkType['accepts']): SinkRecord => ({
  ...record,
  value: form === 'fields' ? record.value : form === 'text' ? String(record.bytes) : record.bytes,
});

const batchesOf = (count: number): SinkRecord[][] =>
  Array.from({ length: Math.ceil(count / BATCH) }, (_, batch) =>
    Array.from({ length: Math.min(BATCH, count - batch * BATCH) }, (_, n) => recordOf(batch * BATCH + n)),
  );

const recordOf = (n: number): SinkRecord => {
  const value = { ...inputRecord(n), text: `${n} ${'x'.repeat(200)}` };
  return {
    ...{ topic: TOPIC, messageId: { ledgerId: 1, entryId: n, batchIndex: -1 }, key: value.id, value },
    ...{ bytes: Buffer.from(JSON.stringify(value)), properties: {}, publishTimeMs: Date.now(), producerName: 'bench' },
    ...{ sequenceId: n, redeliveryCount: 0, version: Date.now() * 1_000 + n },
  };
};
