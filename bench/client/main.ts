import { randomUUID } from 'node:crypto';
import { run } from '../../test/services/kit/run.ts';
import { startPulsar } from '../../test/services/pulsar/server.ts';
import type { Task } from '../peers/node/task.ts';
import { type Figure, median } from '../report.ts';
import { bundleFigures } from './bundle.ts';
import { fillTopic } from './fill.ts';
import { type Peer, preparePeers, SCENARIOS, type ScenarioName } from './peers.ts';

const REFERENCE = 'Go client';
const PAYLOAD_BYTES = 1024;
const BACKLOG = 400_000;
const TASK_TIMEOUT_MS = 30_000;

/** What a scenario is called, and the unit of each figure that a peer prints for it. */
const titles: Readonly<Record<ScenarioName, string>> = {
  produce: 'produce 1 KiB in batches',
  produceUnbatched: 'produce 1 KiB one by one',
  receive: 'receive + acknowledge',
  batchReceive: 'batchReceive(100) + acknowledge',
  listener: 'listener + acknowledge',
  latency: 'end to end at 1,000/s',
};
const units = {
  rate: 'messages/s',
  cpuUs: 'µs CPU/message',
  peakMib: 'MiB peak',
  p50Ms: 'ms p50',
  p99Ms: 'ms p99',
} as const;
type Measure = keyof typeof units;
type Measured = Partial<Record<Measure, number>>;
interface Sample {
  readonly peer: string;
  readonly scenario: ScenarioName;
  readonly measured: Measured;
}

const measure = async (peer: Peer, task: Task): Promise<Measured> => {
  const args = [...peer.args, JSON.stringify(task)];
  const { code, stdout, stderr } = await run(peer.file, args, { timeoutMs: TASK_TIMEOUT_MS });
  if (code === 0) return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  throw new Error(`${peer.name} failed at ${task.scenario} (exit ${code}): ${stderr.trim().slice(-500)}`);
};

const figuresOf = (samples: readonly Sample[]): Figure[] => {
  const valuesOf = (peer: string, scenario: ScenarioName, unit: Measure): number[] =>
    samples.flatMap((one) => (one.peer === peer && one.scenario === scenario ? (one.measured[unit] ?? []) : []));
  const figures: Figure[] = [];
  const peers = new Set(samples.map(({ peer }) => peer));
  for (const scenario of Object.keys(SCENARIOS) as ScenarioName[]) {
    for (const unit of Object.keys(units) as Measure[]) {
      const own = valuesOf(REFERENCE, scenario, unit);
      const reference = own.length > 0 ? own : valuesOf(REFERENCE, 'receive', unit);
      for (const peer of peers) {
        const values = valuesOf(peer, scenario, unit);
        if (values.length === 0) continue;
        const value = median(values);
        const hasRatio = peer !== REFERENCE && reference.length > 0;
        figures.push({
          name: `${titles[scenario]}: ${peer}`,
          value,
          unit: units[unit],
          ...(hasRatio && { ratio: { to: REFERENCE, value: value / median(reference) } }),
        });
      }
    }
  }
  return figures;
};

/**
 * Our client and its peers on one real broker, each task in a process of its own, rounds interleaved. Progress and peers
 * that cannot be had go to standard error.
 */
export const clientFigures = async (rounds: number): Promise<Figure[]> => {
  const onMissing = (notice: string) => console.error(notice);
  const bundle = await bundleFigures(rounds, onMissing);
  const peers = await preparePeers(onMissing);
  await using server = await startPulsar({ config: { managedLedgerNewEntriesCheckDelayInMillis: 0 } });
  const { serviceUrl } = server.address;
  const common = {
    serviceUrl,
    payloadBytes: PAYLOAD_BYTES,
    backlog: BACKLOG,
    warmUpMs: 500,
    measureMs: 1_500,
    rate: 1_000,
  };
  const backlogTopic = `persistent://public/default/backlog-${randomUUID()}`;
  await fillTopic(common, backlogTopic);
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(SCENARIOS) as ScenarioName[]) {
      const { scenario, isBatching } = SCENARIOS[name];
      const isReading = scenario !== 'produce' && scenario !== 'latency';
      for (const peer of peers.filter(({ scenarios }) => scenarios.includes(name))) {
        const topic = isReading ? backlogTopic : `persistent://public/default/${randomUUID()}`;
        const measured = await measure(peer, { ...common, scenario, isBatching, topic });
        samples.push({ peer: peer.name, scenario: name, measured });
      }
    }
  }
  return [...figuresOf(samples), ...bundle];
};
