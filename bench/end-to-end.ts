import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GUARANTEES, type Guarantee } from '../src/core/guarantee.ts';
import { startCloud } from '../test/e2e/cloud/index.ts';
import { type BrokerAddress, startEmbeddedBroker } from '../test/e2e/embedded-broker.ts';
import { inputRecord } from '../test/e2e/growing-file.ts';
import { sqliteTarget } from '../test/e2e/sqlite-target.ts';
import { type Figure, median } from './report.ts';

const TIMEOUT_MS = 120_000;

/** 100,000 records file → topic → SQLite under each guarantee: broker, source run and sink run in processes of their own, one store, rounds interleaved. */
export const endToEnd = async (rounds: number, records = 100_000): Promise<Figure[]> => {
  await using broker = await startEmbeddedBroker();
  const input = join(mkdtempSync(join(tmpdir(), 'pio-bench-')), 'input.ndjson');
  writeFileSync(
    input,
    Array.from({ length: records }, (_, index) => `${JSON.stringify(inputRecord(index))}\n`).join(''),
  );
  const rates: Record<Guarantee, number[]> = { ATMOST_ONCE: [], ATLEAST_ONCE: [], EFFECTIVELY_ONCE: [] };
  for (let round = 0; round < rounds; round++) {
    for (const guarantee of GUARANTEES) rates[guarantee].push(await rateOf(broker, input, records, guarantee));
  }
  const peer = median(rates.ATLEAST_ONCE);
  return GUARANTEES.map((guarantee) => ({
    name: `file → topic → SQLite, ${guarantee}`,
    value: median(rates[guarantee]),
    unit: 'records/s',
    ...(guarantee !== 'ATLEAST_ONCE' && { ratio: { to: 'ATLEAST_ONCE', value: median(rates[guarantee]) / peer } }),
  }));
};

/** Records per second from the first row in the target to the last. */
const rateOf = async (broker: BrokerAddress, input: string, records: number, guarantee: Guarantee): Promise<number> => {
  await using target = await sqliteTarget({ batchSize: 1000 });
  const { serviceUrl, adminUrl } = broker;
  const storeUrl = `sqlite:${join(mkdtempSync(join(tmpdir(), 'pio-bench-')), 'store.db')}`;
  await using cloud = await startCloud({
    serviceUrl,
    adminUrl,
    storeUrl,
    runSettings: {
      idleMs: 10_000,
      leaseTtlMs: 15_000,
      heartbeatMs: 3_000,
      leaseMarginMs: 3_000,
      maxBatchRecords: 1_000,
    },
  });
  const topic = `persistent://public/default/bench-${randomUUID()}`;
  const common = { processingGuarantees: guarantee };
  await cloud.create('sink', 'out', {
    ...common,
    archive: `builtin://${target.sinkType}`,
    inputs: [topic],
    sourceSubscriptionPosition: 'Earliest',
    configs: target.configs,
  });
  await sleep(1_500);
  await cloud.create('source', 'in', {
    ...common,
    archive: 'builtin://file',
    topicName: topic,
    configs: { path: input, format: 'ndjson' },
  });
  const endMs = performance.now() + TIMEOUT_MS;
  let first: { readonly atMs: number; readonly count: number } | undefined;
  while (performance.now() < endMs) {
    const count = await target.rows();
    const atMs = performance.now();
    if (count > 0) first ??= { atMs, count };
    if (first && count >= records) return ((count - first.count) / (atMs - first.atMs)) * 1000;
    await sleep(5);
  }
  throw new Error(`${guarantee}: not all records arrived within ${TIMEOUT_MS} ms, see ${cloud.logFile}`);
};
