import { beforeAll, expect, test } from '@jest/globals';
import { GUARANTEES, type Guarantee } from '../../src/core/guarantee.ts';
import type { Cloud } from '../e2e/cloud/index.ts';
import { deliver } from '../e2e/delivery.ts';
import { sqliteTarget } from '../e2e/sqlite-target.ts';
import type { Target } from '../e2e/target.ts';
import { until } from '../e2e/trouble-world.ts';
import { noteRow } from '../faults/certificate.ts';
import { describeReal, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/changes';
const RECORDS = 2_000;
/** The change comes when so many have arrived. */
const BEFORE = 400;
const LIMIT_MS = 200_000;

type Pair = readonly [from: Guarantee, to: Guarantee];

const PAIRS: readonly Pair[] = GUARANTEES.flatMap((from) =>
  GUARANTEES.filter((to) => to !== from).map((to) => [from, to] as const),
);

/** Source and sink at once, so that both sides are in the middle of something. */
const changeTo = async (cloud: Cloud, target: Target, guarantee: Guarantee): Promise<void> => {
  await until(`${BEFORE} records have arrived`, async () => (await target.distinct()) > BEFORE, LIMIT_MS);
  await cloud.update('source', 'in', { processingGuarantees: guarantee });
  await cloud.update('sink', 'out', { processingGuarantees: guarantee });
};

const deliverThroughChange = async ([from, to]: Pair) => {
  await using target = await sqliteTarget();
  const seed = Math.ceil(Math.random() * 1e6);
  const result = await deliver({
    broker: usePulsar(),
    target,
    guarantee: from,
    namespace: NAMESPACE,
    records: RECORDS,
    maxKills: 6,
    maxRuns: 6,
    seed,
    onCloud: (cloud) => changeTo(cloud, target, to),
  });
  process.stderr.write(`${from} → ${to}: ${JSON.stringify({ seed, ...result })}\n`);
  const { lost, duplicated, reordered, records, kills, runs } = result;
  await noteRow({
    ...{
      route: 'file → topic → jdbc-sqlite',
      guarantee: `${from} → ${to}`,
      servers: 'Pulsar 4.0, SQLite; store SQLite',
    },
    faults: 'SIGKILL around calls, and a change of guarantee',
    ...{ runs, refused: 0, records, kills, lost, duplicated, reordered },
  });
  return { lost, duplicated, killed: kills > 0 };
};

describeReal('a live change of guarantee on a real broker, under load and kills', ['pulsar'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));

  test.each(GUARANTEES)(
    'from %s to each other: what both promise holds (rules 10 and 18)',
    async (from) => {
      const pairs = PAIRS.filter((pair) => pair[0] === from);
      const found = await Promise.all(pairs.map(deliverThroughChange));
      for (const [index, pair] of pairs.entries()) {
        const { lost, duplicated, killed } = found[index] ?? {};
        const broken = {
          lost: pair.includes('ATMOST_ONCE') ? 0 : lost,
          duplicated: pair.includes('ATLEAST_ONCE') ? 0 : duplicated,
        };
        expect({ pair, broken, killed }).toEqual({ pair, broken: { lost: 0, duplicated: 0 }, killed: true });
      }
    },
    LIMIT_MS,
  );
});
