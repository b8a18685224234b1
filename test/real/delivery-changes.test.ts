import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { untilShown } from '../contracts/until-shown.ts';
import { deliverChanges } from '../e2e/changes.ts';
import { noteRow } from '../faults/certificate.ts';
import { describeReal, runJava, usePostgres, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/changes';
const INTEROP = join(import.meta.dirname, 'java/Interop.java');

const HASTE = {
  heartbeatMs: 250,
  leaseTtlMs: 1_500,
  leaseMarginMs: 400,
  maxSkewMs: 100,
  idleMs: 1_000,
  maxBatchRecords: 40,
};

const delivered = async (more: { keptBy?: 'ATLEAST_ONCE'; isTopicOfTable?: true; maxKills: number }) => {
  const seed = Math.ceil(Math.random() * 1e6);
  const result = await deliverChanges({
    broker: usePulsar(),
    postgres: usePostgres(),
    namespace: NAMESPACE,
    guarantee: 'EFFECTIVELY_ONCE',
    runSettings: HASTE,
    seed,
    ...more,
  });
  process.stderr.write(`changes of a table: ${JSON.stringify({ seed, ...result })}\n`);
  return result;
};

describeReal(
  'changes of a PostgreSQL table into a topic, its own or the connector’s',
  ['pulsar', 'postgres', 'javaClient'],
  () => {
    beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE), 60_000);

    test('EFFECTIVELY_ONCE: the table as it was, then each change once and in order, while runs are killed', async () => {
      const { kills, runs, arrived, topic, first, ...result } = await delivered({ maxKills: 15, isTopicOfTable: true });
      expect(result).toMatchObject({
        isExact: true,
        isTableEqual: true,
        isSnapshotFirst: true,
        areTransactionsWhole: true,
      });
      expect(kills).toBeGreaterThan(5);
      const { stdout, stderr } = await runJava(INTEROP, [
        ...['receive', usePulsar().serviceUrl, topic, '0', '-', `changes=${first.length}`],
      ]);
      const read = stdout.split('\n').filter((line) => line.startsWith('> '));
      const expected = first.map((note) => `> changes|${note.split(' ')[1]}=${note}`);
      expect({ read, stderr: read.length === first.length ? '' : stderr }).toEqual({ read: expected, stderr: '' });
      await noteRow({
        route: 'debezium-postgres → topic',
        guarantee: 'EFFECTIVELY_ONCE',
        servers: 'PostgreSQL 15, Pulsar 4.0; store SQLite',
        faults: 'SIGKILL around calls',
        ...{ runs, refused: 0, records: arrived, kills, lost: 0, duplicated: 0, reordered: 0 },
      });
    }, 280_000);

    test('kept by the means of ATLEAST_ONCE, changes come twice', async () => {
      const deliver = () => delivered({ keptBy: 'ATLEAST_ONCE', maxKills: 12 });
      expect(await untilShown(deliver, ({ isExact }) => !isExact)).toMatchObject({ isExact: false });
    }, 280_000);
  },
);
