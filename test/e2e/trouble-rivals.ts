import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { RunRequest } from '../../src/core/run-request.ts';
import type { Cloud } from './cloud/index.ts';
import { DEFAULT_MAX_RUNS } from './cloud/protocol.ts';
import type { BrokerAddress } from './embedded-broker.ts';
import { growFile } from './growing-file.ts';
import { canSeeProcesses, runsOn, signalAll } from './trouble-processes.ts';
import { StoreView } from './trouble-store.ts';
import {
  append,
  compare,
  Delivery,
  EXACT,
  newFolder,
  newTopic,
  sinkConfig,
  sourceConfig,
  startTroubledCloud,
  Table,
  until,
  untilArrived,
  untilDrained,
  upTo,
} from './trouble-world.ts';

const LIMIT_MS = 300_000;
const RECORDS = 2_000;
const ENDLESS = 100_000;
/** Of the runs that a cloud lets work at a time. */
const MOST_FROZEN = DEFAULT_MAX_RUNS - 2;

/** More than one at work for an instance, and many instances, on a broker that deduplicates. */
export const rivalTroubles = (name: string, brokerOf: () => BrokerAddress): void =>
  describe(`rivals under EFFECTIVELY_ONCE: ${name}`, () => {
    let broker: BrokerAddress;
    beforeAll(() => {
      broker = brokerOf();
    });

    const newStoreUrl = (): string => `sqlite:${join(newFolder(), 'store.db')}`;

    /** Invokes a run as Lambda's clients do. */
    const invoke = async (cloud: Cloud, request: RunRequest): Promise<void> => {
      const url = `${cloud.url}/2015-03-31/functions/e2e-${request.kind}/invocations`;
      await fetch(url, { method: 'POST', body: JSON.stringify(request) });
    };

    const expectExact = async (table: Table, delivery: Delivery, records = RECORDS): Promise<void> => {
      await untilArrived(table, records);
      await untilDrained(broker, delivery.topic, delivery.sink);
      expect(compare(table.read(), upTo(records))).toEqual(EXACT);
    };

    test(
      'two dispatchers work for one store at once',
      async () => {
        const storeUrl = newStoreUrl();
        using table = new Table();
        await using cloud = await startTroubledCloud(broker, { storeUrl, tickMs: 500 });
        await using other = await startTroubledCloud(broker, { storeUrl, tickMs: 500 });
        const delivery = await Delivery.create(cloud, 'twice', table);
        const growing = growFile(delivery.input, RECORDS, 25, 35);
        for (const arrived of [200, 1_200]) {
          await untilArrived(table, arrived);
          await Promise.all([cloud.killRuns(), other.killRuns()]);
        }
        await growing;
        await expectExact(table, delivery);
        // Which of them comes first is chance: whoever does, the other has its turn at one of the next deaths.
        for (let deaths = 0; deaths < 20 && (await other.state()).started === 0; deaths++) {
          const { started } = await cloud.state();
          await Promise.all([cloud.killRuns(), other.killRuns()]);
          const isFollowed = async () => (await cloud.state()).started > started || (await other.state()).started > 0;
          await until('somebody starts another run', isFollowed);
        }
        expect((await other.state()).started).toBeGreaterThan(0);
      },
      LIMIT_MS,
    );

    test(
      'one payload starts several runs at once, and the lease is broken under those that work',
      async () => {
        const storeUrl = newStoreUrl();
        // Enough that a run is always in the middle of something.
        const many = 10_000;
        using table = new Table();
        // Runs notice late that they lost their lease, so that rivals work side by side for a while.
        const runSettings = { heartbeatMs: 1_200, leaseTtlMs: 4_000 };
        await using cloud = await startTroubledCloud(broker, { storeUrl, runSettings });
        using store = new StoreView(storeUrl);
        const delivery = await Delivery.create(cloud, 'doubled', table);
        const growing = growFile(delivery.input, many, 100, 30);
        for (const arrived of [500, 2_000, 4_000, 6_000, 8_000]) {
          await untilArrived(table, arrived);
          const requests = [delivery.source, delivery.sink].map((name) => store.runRequest(name));
          store.breakLeases();
          await Promise.all([...requests, ...requests].map((request) => invoke(cloud, request)));
        }
        await growing;
        await expectExact(table, delivery, many);
        const log = readFileSync(cloud.logFile, 'utf8');
        expect(log).toMatch(/"outcome":"busy"/);
      },
      LIMIT_MS,
    );

    (canSeeProcesses ? test : test.skip)(
      'runs that are frozen in mid-work wake up after their successors have taken over',
      async () => {
        const storeUrl = newStoreUrl();
        using table = new Table();
        await using cloud = await startTroubledCloud(broker, { storeUrl });
        const delivery = await Delivery.create(cloud, 'frozen', table);
        let frozen: readonly number[] = [];
        const growing = growFile(delivery.input, ENDLESS, 25, 60, async () => frozen.length > 0);
        // A run that is frozen with a lock in its hands keeps everybody waiting, and many leave successors no room: then another moment is tried.
        for (let arrived = 100; frozen.length === 0; arrived += 20) {
          await untilArrived(table, arrived);
          const atWork = runsOn(storeUrl);
          signalAll(atWork, 'SIGSTOP');
          const isLeft = atWork.length <= MOST_FROZEN && ![table.file, storeUrl.replace('sqlite:', '')].some(isLocked);
          if (isLeft) frozen = atWork;
          else signalAll(atWork, 'SIGCONT');
        }
        const before = table.count();
        const written = await growing;
        append(delivery.input, written, written + 200);
        await until('successors write', () => table.count() > before + 100).finally(() => signalAll(frozen, 'SIGCONT'));
        await expectExact(table, delivery, written + 200);
      },
      LIMIT_MS,
    );

    test(
      'three instances share six partitions, with runs killed at random: exact, in order for each key',
      async () => {
        const seed = Math.ceil(Math.random() * 1e6);
        process.stderr.write(`three instances, seed ${seed}\n`);
        using table = new Table();
        const chaos = { killChance: 0.04, maxKills: 4, seed };
        await using cloud = await startTroubledCloud(broker, { chaos, tickMs: 1_000 });
        const topic = newTopic();
        const path = topic.replace('persistent://', 'persistent/');
        await fetch(`${broker.adminUrl}/admin/v2/${path}/partitions`, { method: 'PUT', body: '6' });
        const inputDirectory = newFolder();
        const configs = { inputDirectory, format: 'ndjson', keyField: 'id', pollingInterval: 200 };
        await cloud.create('sink', 'parallel-out', sinkConfig(table, topic, { parallelism: 3 }));
        await cloud.create('source', 'parallel-in', sourceConfig('', topic, { configs, parallelism: 3 }));
        const perStep = 25;
        for (let from = 0; from < RECORDS; from += perStep) {
          const file = (from / perStep) % 4;
          const numbers = upTo(perStep).map((i) => from + i);
          const lines = numbers.map((n) =>
            JSON.stringify({ id: `file-${file}-key-${n % 15}`, n, text: 'x'.repeat(n % 90) }),
          );
          appendFileSync(join(inputDirectory, `part-${file}.ndjson`), `${lines.join('\n')}\n`);
          if (from % (perStep * 10) === 0) await untilArrived(table, from / 2);
        }
        await untilArrived(table, RECORDS);
        await untilDrained(broker, topic, 'parallel-out');
        const rows = table.database.prepare('SELECT id, n FROM arrived ORDER BY rowid').all() as {
          id: string;
          n: number;
        }[];
        expect({
          ...compare(
            rows.map(({ n }) => n),
            upTo(RECORDS),
          ),
          inOrder: true,
        }).toEqual(EXACT);
        expect(outOfOrder(rows)).toEqual([]);
        expect((await cloud.state()).killed).toBeGreaterThan(0);
      },
      LIMIT_MS,
    );
  });

/** Whether a process that may be frozen holds the right to write to a SQLite file. */
const isLocked = (file: string): boolean => {
  const database = new DatabaseSync(file, { timeout: 300 });
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch {
    return true;
  } finally {
    database.close();
  }
};

/** Rows before which a later record of their key was written. */
const outOfOrder = (rows: readonly { readonly id: string; readonly n: number }[]): string[] => {
  const latest = new Map<string, number>();
  return rows.flatMap(({ id, n }) => {
    const before = latest.get(id) ?? -1;
    latest.set(id, Math.max(before, n));
    return n < before ? [`${id}: ${n} after ${before}`] : [];
  });
};
