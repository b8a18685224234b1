import { ServiceUnavailableError } from '../../test/services/kit/tools.ts';
import { type Figure, median } from '../report.ts';
import { sinkMeasures } from './sinks.ts';
import { sourceMeasures } from './sources.ts';
import type { Measured, Measures, System } from './system.ts';
import { SYSTEMS } from './systems/index.ts';

const RAW = 'raw client';

/** Every sink and source beside the bulk way of its own client, in turn on the same server; of `only`, where systems are named. */
export const connectorFigures = async (rounds: number, only: readonly string[]): Promise<Figure[]> => {
  const figures: Figure[] = [];
  for (const [name, start] of Object.entries(SYSTEMS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    await using system = await startOrLeaveOut(name, start);
    if (system.sink) figures.push(...(await inTurn(`${name} sink`, sinkMeasures(system.sink), rounds)));
    if (system.source) figures.push(...(await inTurn(`${name} source`, sourceMeasures(system.source), rounds)));
  }
  return figures;
};

/** One that cannot be had on this machine is left out, with a notice. */
const startOrLeaveOut = async (name: string, start: () => Promise<System>): Promise<System> => {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof ServiceUnavailableError)) throw error;
    console.error(`${name} is left out: ${error.message}`);
    return { [Symbol.asyncDispose]: async () => undefined };
  }
};

const inTurn = async (name: string, measures: Measures, rounds: number): Promise<Figure[]> => {
  const seen = new Map<string, Measured[]>();
  for (let round = -1; round < rounds; round++) {
    for (const [what, measure] of measures) {
      const measured = await measure();
      // The first is measured before the code is warm.
      if (round >= 0) seen.set(what, [...(seen.get(what) ?? []), measured]);
    }
  }
  const peer = seen.get(RAW) ?? [];
  return [...seen].flatMap(([what, measured]) => [
    figureOf(`${name}, ${what}`, 'records/s', measured, peer, ({ perSecond }) => perSecond),
    figureOf(`${name}, ${what}: processor`, 'µs a record', measured, peer, ({ cpuMicros }) => cpuMicros),
  ]);
};

/** Medians of all rounds, and of the ratios within each: two measurements that follow one another share their share of the machine. */
const figureOf = (
  name: string,
  unit: string,
  measured: readonly Measured[],
  peer: readonly Measured[],
  of: (it: Measured) => number,
): Figure => {
  const ratios = measured.map((it, round) => of(it) / of(peer[round] as Measured));
  const ratio = measured !== peer && { ratio: { to: RAW, value: median(ratios) } };
  return { name, value: median(measured.map(of)), unit, ...ratio };
};
