import { describe, expect, test } from '@jest/globals';
import { GUARANTEES, type Guarantee } from '../../src/core/guarantee.ts';
import type { StartCloud } from '../e2e/cloud/index.ts';
import { type DeliveryResult, deliver } from '../e2e/delivery.ts';
import type { BrokerAddress } from '../e2e/embedded-broker.ts';
import type { Input } from '../e2e/input.ts';
import type { Target } from '../e2e/target.ts';
import { noteRow } from '../faults/certificate.ts';
import { untilShown } from './until-shown.ts';

/** What a delivery suite runs on. */
export interface DeliveryWorld {
  broker(): BrokerAddress;
  /** A fresh, empty target. */
  target(): Promise<Target>;
  /** See `Target.repeatsAreRows`. */
  readonly repeatsAreRows: boolean;
  /** Those that both types hold; all when absent. */
  readonly guarantees?: readonly Guarantee[];
  readonly records: number;
  readonly maxKills: number;
  /** Namespace of the topics, with deduplication enabled; `public/default` when absent. */
  readonly namespace?: string;
  /** Where the records come from; a file that grows when absent. */
  readonly input?: () => Promise<Input>;
  readonly startCloud?: StartCloud;
  /** Source type that reads `input`; `file` when absent. */
  readonly source?: string;
}

/** Three deliveries on a machine that has other things to do. */
const LIMIT_MS = 480_000;
/** Two runs, and two that come for them: where processes start slowly, each tick would start more. */
const MAX_RUNS = 4;

/** What the certificate shows of a delivery ({@link CertificateRow}): rows that a reader finds twice, and of a guarantee that is not about readers, repeated writes that no reader sees. */
const seen = (
  guarantee: Guarantee,
  { runs, records, kills, lost, duplicated, repeatedWrites, reordered }: DeliveryResult,
) => ({
  ...{ runs, refused: 0, records, kills, lost, reordered },
  duplicated: guarantee === 'EFFECTIVELY_ONCE' ? duplicated : Math.max(duplicated, repeatedWrites),
  faults: 'SIGKILL around calls',
});

/** `name`: the servers. The end-to-end promise of each guarantee, with the runs' processes killed at random points, and the proof that the test can fail. */
export const deliveryContract = (name: string, world: DeliveryWorld): void => {
  const run = async (guarantee: Guarantee, keptBy?: Guarantee) => {
    await using target = await world.target();
    const { records, maxKills, namespace, input, source = 'file', startCloud } = world;
    const seed = Math.ceil(Math.random() * 1e6);
    const result = await deliver({
      broker: world.broker(),
      target,
      guarantee,
      records,
      ...(keptBy ? { keptBy, maxKills: Math.max(12, maxKills), killChance: 0.25 } : { maxKills }),
      seed,
      maxRuns: MAX_RUNS,
      ...(namespace && { namespace }),
      ...(input && { input }),
      ...(startCloud && { startCloud }),
    });
    const route = `${source} → topic → ${target.sinkType}`;
    if (!keptBy && result.isOver)
      await noteRow({ route, guarantee, servers: `${name}; store SQLite`, ...seen(guarantee, result) });
    const means = keptBy ? ` kept by ${keptBy}` : '';
    process.stderr.write(`${name}, ${guarantee}${means}: ${JSON.stringify({ seed, ...result })}\n`);
    return result;
  };

  const deliverUntil = (shows: (result: DeliveryResult) => boolean, guarantee: Guarantee, keptBy?: Guarantee) =>
    untilShown(() => run(guarantee, keptBy), shows);

  // Where a repeated write is the same row, a reader cannot tell ATLEAST_ONCE from more: there ATMOST_ONCE must be found out.
  const otherMeans: Guarantee = world.repeatsAreRows ? 'ATLEAST_ONCE' : 'ATMOST_ONCE';

  const held = world.guarantees ?? GUARANTEES;
  const testOf = (...needed: readonly Guarantee[]) => (needed.every((it) => held.includes(it)) ? test : () => {});

  describe(`delivery with kills: ${name}`, () => {
    testOf('ATMOST_ONCE')(
      'ATMOST_ONCE writes no record twice',
      async () => {
        const { duplicated, repeatedWrites, kills, arrived } = await deliverUntil(
          (result) => result.kills + result.duplicated + result.repeatedWrites > 0,
          'ATMOST_ONCE',
        );
        const found = { duplicated, repeatedWrites, killed: kills > 0, moved: arrived > 0 };
        expect(found).toEqual({ duplicated: 0, repeatedWrites: 0, killed: true, moved: true });
      },
      LIMIT_MS,
    );

    testOf('ATLEAST_ONCE')(
      'ATLEAST_ONCE loses no record',
      async () => {
        const { lost, kills } = await deliverUntil((result) => result.kills + result.lost > 0, 'ATLEAST_ONCE');
        expect({ lost, killed: kills > 0 }).toEqual({ lost: 0, killed: true });
      },
      LIMIT_MS,
    );

    testOf('EFFECTIVELY_ONCE')(
      'EFFECTIVELY_ONCE writes exactly the input, in order',
      async () => {
        const { lost, duplicated, reordered, kills } = await deliverUntil(
          (result) => result.kills + result.lost + result.duplicated + result.reordered > 0,
          'EFFECTIVELY_ONCE',
        );
        expect({ lost, duplicated, reordered, killed: kills > 0 }).toEqual({
          lost: 0,
          duplicated: 0,
          reordered: 0,
          killed: true,
        });
      },
      LIMIT_MS,
    );

    testOf('ATMOST_ONCE', 'ATLEAST_ONCE')(
      'ATMOST_ONCE fails when it is kept by the means of ATLEAST_ONCE',
      async () => {
        const { repeatedWrites } = await deliverUntil(
          (result) => result.repeatedWrites > 0,
          'ATMOST_ONCE',
          'ATLEAST_ONCE',
        );
        expect(repeatedWrites).toBeGreaterThan(0);
      },
      LIMIT_MS,
    );

    testOf('ATMOST_ONCE', 'ATLEAST_ONCE')(
      'ATLEAST_ONCE fails when it is kept by the means of ATMOST_ONCE',
      async () => {
        const { lost, arrived } = await deliverUntil(
          (result) => result.lost > 0 && result.arrived > 0,
          'ATLEAST_ONCE',
          'ATMOST_ONCE',
        );
        expect({ found: lost > 0, moved: arrived > 0 }).toEqual({ found: true, moved: true });
      },
      LIMIT_MS,
    );

    testOf('EFFECTIVELY_ONCE', otherMeans)(
      `EFFECTIVELY_ONCE fails when it is kept by the means of ${otherMeans}`,
      async () => {
        const { lost, duplicated, arrived } = await deliverUntil(
          (result) => result.lost + result.duplicated > 0 && result.arrived > 0,
          'EFFECTIVELY_ONCE',
          otherMeans,
        );
        expect({ found: lost + duplicated > 0, moved: arrived > 0 }).toEqual({ found: true, moved: true });
      },
      LIMIT_MS,
    );
  });
};
