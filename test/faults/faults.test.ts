import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { GUARANTEE_KEEPERS, type Guarantees } from '../../src/delivery/pipeline.ts';
import { CERTIFICATE } from './certificate.ts';
import { examine } from './examine.ts';
import { violations } from './laws.ts';
import { REGRESSIONS } from './regressions.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import type { Schedule } from './schedule.ts';
import { simulate } from './simulate.ts';

const seed = Number(process.env.PIO_FAULT_SEED ?? 20_261_121);
const LIMIT_MS = 360_000;
/** Schedules per scenario here; `npm run faults` tries as many as there is time for. */
const SCHEDULES = 10;
const SCHEDULES_WITH_CHANGE = 4;
/** What a row of the certificate is made of at least. */
const LEAST = { records: 1_000_000, kills: 2_000 };
/** A broken guarantee is found within so many schedules. */
const MANY = 400;

const scenarioOf = (name: string): Scenario => SCENARIOS.find((scenario) => scenario.name === name) as Scenario;

describe('guarantees under faults, in simulation', () => {
  test.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    '%s is held',
    async (name, scenario) => {
      const { counterexample } = await examine(scenario, {
        seed,
        runs: scenario.becomes ? SCHEDULES_WITH_CHANGE : SCHEDULES,
      });
      const replay = `npm run faults -- --scenario ${name} --seed ${seed} --path ${counterexample?.path}`;
      expect(counterexample && { replay, ...counterexample }).toBeUndefined();
    },
    LIMIT_MS,
  );

  test.each(Object.entries(REGRESSIONS))('%s', async (_, schedule) => {
    expect(violations(schedule, await simulate(schedule))).toEqual([]);
  });

  test(
    'the same schedule gives the same trace',
    async () => {
      const traces = async () => {
        const all: string[] = [];
        const schedules = Object.values(REGRESSIONS);
        const asQueues = schedules.map((one): Schedule => ({ ...one, route: 'queue' }));
        for (const [number, schedule] of [...schedules, ...asQueues].entries())
          for (let other = 1; other <= 2; other++)
            all.push((await simulate({ ...schedule, seed: 10 * number + other })).trace);
        return all;
      };
      const first = await traces();
      expect(await traces()).toEqual(first);
      expect(new Set(first).size).toBe(first.length);
    },
    LIMIT_MS,
  );
});

test('the certificate has a row for every EFFECTIVELY_ONCE route, with kills and nothing lost, twice or out of order', () => {
  const page = readFileSync(CERTIFICATE, 'utf8');
  for (const { route } of SCENARIOS.filter(({ guarantee, becomes }) => guarantee === 'EFFECTIVELY_ONCE' && !becomes)) {
    const row = page.split('\n').find((line) => line.startsWith(`| ${route} | EFFECTIVELY_ONCE | simulation |`));
    const [, , , , runs, refused, records, kills, lost, twice, reordered] = (row ?? '')
      .split('|')
      .map((cell) => cell.trim());
    expect({ route, lost, twice, reordered }).toEqual({ route, lost: '0', twice: '0', reordered: '0' });
    expect(Number(records)).toBeGreaterThanOrEqual(LEAST.records);
    expect(Number(kills)).toBeGreaterThanOrEqual(LEAST.kills);
    expect(Number(runs)).toBeGreaterThan(Number(kills));
    expect(refused).toMatch(/^\d+$/);
  }
});

describe('a guarantee kept by the wrong means is found out', () => {
  const { source, sink, queue } = GUARANTEE_KEEPERS;
  const swapped: readonly (readonly [string, Guarantees])[] = [
    ['log/EFFECTIVELY_ONCE', withSource({ EFFECTIVELY_ONCE: source.ATLEAST_ONCE })],
    ['log/ATLEAST_ONCE', withSource({ ATLEAST_ONCE: source.ATMOST_ONCE })],
    ['log/ATMOST_ONCE', withSource({ ATMOST_ONCE: source.ATLEAST_ONCE })],
    ['queue/EFFECTIVELY_ONCE', withQueue({ EFFECTIVELY_ONCE: queue.ATLEAST_ONCE })],
    ['queue/ATLEAST_ONCE', withQueue({ ATLEAST_ONCE: queue.ATMOST_ONCE })],
    ['queue/ATMOST_ONCE', withQueue({ ATMOST_ONCE: queue.ATLEAST_ONCE })],
    ['event/EFFECTIVELY_ONCE', withQueue({ EFFECTIVELY_ONCE: queue.ATLEAST_ONCE })],
    ['event/ATLEAST_ONCE', withQueue({ ATLEAST_ONCE: queue.ATMOST_ONCE })],
    ['event/ATMOST_ONCE', withQueue({ ATMOST_ONCE: queue.ATLEAST_ONCE })],
    ['webhook/ATLEAST_ONCE', withSource({ ATLEAST_ONCE: source.ATMOST_ONCE })],
    ['webhook/ATMOST_ONCE', withSource({ ATMOST_ONCE: source.ATLEAST_ONCE })],
    ['transactional/EFFECTIVELY_ONCE', withSink({ EFFECTIVELY_ONCE: sink.ATLEAST_ONCE })],
    ['versioned/EFFECTIVELY_ONCE', withSink({ EFFECTIVELY_ONCE: sink.ATMOST_ONCE })],
    ['idempotent/EFFECTIVELY_ONCE', withSink({ EFFECTIVELY_ONCE: sink.ATMOST_ONCE })],
    ['plain/ATLEAST_ONCE', withSink({ ATLEAST_ONCE: sink.ATMOST_ONCE })],
    ['plain/ATMOST_ONCE', withSink({ ATMOST_ONCE: sink.ATLEAST_ONCE })],
  ];

  function withSource(change: Partial<Guarantees['source']>): Guarantees {
    return { ...GUARANTEE_KEEPERS, source: { ...source, ...change } };
  }

  function withQueue(change: Partial<Guarantees['queue']>): Guarantees {
    return { ...GUARANTEE_KEEPERS, queue: { ...queue, ...change } };
  }

  function withSink(change: Partial<Guarantees['sink']>): Guarantees {
    return { ...GUARANTEE_KEEPERS, sink: { ...sink, ...change } };
  }

  test.each(swapped)(
    '%s',
    async (name, guarantees) => {
      const { counterexample } = await examine(scenarioOf(name), { seed, runs: MANY, hooks: { guarantees } });
      expect(counterexample?.violations.join()).toMatch(/lost|twice|out of order/);
    },
    LIMIT_MS,
  );
});
