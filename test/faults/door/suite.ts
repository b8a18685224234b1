import fc from 'fast-check';
import { systemClock } from '../../../src/core/clock.ts';
import type { EventSourceType, SinkType, SourceType } from '../../../src/core/connector-type.ts';
import type { Guarantee } from '../../../src/core/guarantee.ts';
import { rowOf, tableOf } from '../certificate.ts';
import type { CertificateRow } from '../certificate-row.ts';
import { type Counterexample, examine } from '../examine.ts';
import { type Scenario, schedulesOf } from '../scenarios.ts';
import type { Route, Schedule } from '../schedule.ts';
import { CALL_FAULTS, type Fault } from '../simulation/fault.ts';
import type { Stage, Subject } from '../stage.ts';
import { CLIENT_PORT } from './process.ts';
import { RealWork } from './real-work.ts';
import { type SinkMaker, SinkSubject } from './sink-subject.ts';
import { type SourceMaker, SourceSubject } from './source-subject.ts';
import type { EventWorld, ProcessUnderTest, SinkWorld, SourceWorld, TypeUnderTest, WorldContext } from './world.ts';

/** How much is examined. */
export interface FaultSuiteOptions {
  /** Of the schedules; by chance when absent. The report and every failure name it. */
  readonly seed?: number;
  /** Schedules for each guarantee, and for each change from one to another. Default 30. */
  readonly schedules?: number;
  /** Most records of a schedule. Default 60. */
  readonly maxRecords?: number;
  /** Default: those that the type declares. */
  readonly guarantees?: readonly Guarantee[];
  /** Whether the guarantee is also changed in mid-stream. Default true. */
  readonly withChanges?: boolean;
  /** Replays one schedule: what a failure printed. */
  readonly replay?: { readonly scenario: string; readonly path: string };
}

/** What was examined and found. */
export interface FaultReport {
  readonly seed: number;
  readonly rows: readonly CertificateRow[];
  /** The rows as a table in Markdown. */
  readonly table: string;
}

/** A guarantee that the connector did not hold, with the smallest schedule found that shows it. */
export class FaultSuiteError extends Error {
  override readonly name = 'FaultSuiteError';
  /** `type/guarantee`, or `type/guarantee-guarantee` of a change. */
  readonly scenario: string;
  /** `lost: …`, `twice: …`, `out of order: …`, `stuck: …`, `failed: …`, with the numbers of the records. */
  readonly violations: readonly string[];
  readonly schedule: Schedule;
  /** Options of a suite that examines only that schedule. */
  readonly replay: Required<Pick<FaultSuiteOptions, 'seed' | 'replay'>>;

  constructor(scenario: string, violations: readonly string[], schedule: Schedule, replay: FaultSuiteError['replay']) {
    super(`${scenario}: ${violations.join('; ')}\nreplay with ${JSON.stringify(replay)}\n${JSON.stringify(schedule)}`);
    this.scenario = scenario;
    this.violations = violations;
    this.schedule = schedule;
    this.replay = replay;
  }
}

/** Calls that are the connector's own: where schedules are short, these are struck more often than others. */
const OWN_PORTS: Readonly<Record<Route, readonly string[]>> = {
  log: ['source.partitions', 'source.read', 'source.committed'],
  queue: ['queue.receive', 'queue.settle', 'queue.extend'],
  event: [],
  webhook: ['function.answer'],
  batch: ['batch.discover', 'batch.read'],
  transactional: ['sink.fence', 'sink.transact', 'sink.write'],
  versioned: ['sink.write'],
  idempotent: ['sink.write'],
  plain: ['sink.write'],
};
const OWN_FAULTS = { maxLength: 6, calls: 15, clientCalls: 80 };
const DELAYS_MS = [50, 700, 3_000, 8_000] as const;

const ownFaults = (route: Route): fc.Arbitrary<Fault[]> => {
  const faultAt = (port: string, calls: number) =>
    fc.record({
      port: fc.constant(port),
      nth: fc.nat(calls),
      kind: fc.constantFrom(...CALL_FAULTS),
      ms: fc.constantFrom(...DELAYS_MS),
    });
  const ports = OWN_PORTS[route].map((port) => faultAt(port, OWN_FAULTS.calls));
  return fc.array(fc.oneof(...ports, faultAt(CLIENT_PORT, OWN_FAULTS.clientCalls)), {
    maxLength: OWN_FAULTS.maxLength,
    size: 'max',
  });
};

const schedules = (scenario: Scenario, maxRecords?: number): fc.Arbitrary<Schedule> =>
  fc
    .tuple(schedulesOf(scenario, maxRecords), ownFaults(scenario.route))
    .map(([schedule, more]) => ({ ...schedule, faults: [...schedule.faults, ...more] }));

const routeOf = (type: SinkType | SourceType): Route => {
  if (type.kind === 'sink') return type.route ?? 'plain';
  return type.source === 'event' ? 'webhook' : type.source;
};

const scenariosOf = (type: SinkType | SourceType, options: FaultSuiteOptions): Scenario[] => {
  const { guarantees = type.guarantees, withChanges = true } = options;
  const route = routeOf(type);
  return guarantees.flatMap((guarantee): Scenario[] => [
    { name: `${type.name}/${guarantee}`, route, guarantee },
    ...guarantees
      .filter((becomes) => withChanges && becomes !== guarantee)
      .map((becomes) => ({ name: `${type.name}/${guarantee}-${becomes}`, route, guarantee, becomes })),
  ]);
};

/** A process in which nothing strikes: what a type declares is the same in all. */
const QUIET_PROCESS: ProcessUnderTest = { calls: (client) => client, onKill: () => undefined, clock: systemClock };

const contextOf = ({ cloud }: Stage, work: RealWork): WorldContext => ({
  nowMs: () => cloud.timeline.nowMs,
  delay: (ms) => work.simulated(() => cloud.timeline.delay(ms)),
});

/** Whatever the connector does for real, simulated time waits for it. */
const workIn = ({ cloud }: Stage): RealWork => {
  const work = new RealWork();
  cloud.timeline.standUntil(work.done);
  return work;
};

const brokenBy = ({ violations, schedule, path }: Counterexample, scenario: string, seed: number): FaultSuiteError =>
  new FaultSuiteError(scenario, violations, schedule, { seed, replay: { scenario, path } });

const certify = async (
  type: SinkType | SourceType,
  subject: (stage: Stage) => Promise<Subject>,
  options: FaultSuiteOptions,
): Promise<FaultReport> => {
  const { seed = Math.floor(Math.random() * 2 ** 31), schedules: runs = 30, maxRecords = 60, replay } = options;
  const rows: CertificateRow[] = [];
  for (const scenario of scenariosOf(type, options)) {
    if (replay && replay.scenario !== scenario.name) continue;
    const path = replay && { path: replay.path };
    const examined = await examine(scenario, { seed, runs, maxRecords, schedules, hooks: { subject }, ...path });
    if (examined.counterexample) throw brokenBy(examined.counterexample, scenario.name, seed);
    const route = type.kind === 'sink' ? `topic → ${type.name}` : `${type.name} → topic`;
    rows.push({ ...rowOf(examined), route });
  }
  return { seed, rows, table: tableOf(rows) };
};

type MakeWorld<W> = (context: WorldContext) => Promise<W> | W;

/**
 * Drives a sink type through the real runtime in a simulated deployment, under each of its guarantees, while faults strike; the reader of each world judges what is in the target.
 * `world` makes a fresh target for every schedule. Throws {@link FaultSuiteError} when a guarantee is broken.
 */
export function faultSuite(
  type: TypeUnderTest<SinkType>,
  world: MakeWorld<SinkWorld>,
  options?: FaultSuiteOptions,
): Promise<FaultReport>;
/** The same for an event source type; `world` makes the requests of a fresh sender, which repeats what was not accepted. */
export function faultSuite(
  type: TypeUnderTest<EventSourceType>,
  world: MakeWorld<EventWorld>,
  options?: FaultSuiteOptions,
): Promise<FaultReport>;
/** The same for any other source type; `world` makes a fresh source system. The topic is read by the suite. */
export function faultSuite(
  type: TypeUnderTest<SourceType>,
  world: MakeWorld<SourceWorld>,
  options?: FaultSuiteOptions,
): Promise<FaultReport>;
export function faultSuite(
  type: TypeUnderTest<SinkType> | TypeUnderTest<SourceType>,
  world: MakeWorld<SinkWorld> | MakeWorld<SourceWorld> | MakeWorld<EventWorld>,
  options: FaultSuiteOptions = {},
): Promise<FaultReport> {
  const make = (process: ProcessUnderTest) => (typeof type === 'function' ? type(process) : type);
  const declared = make(QUIET_PROCESS);
  const subject = async (stage: Stage): Promise<Subject> => {
    const work = workIn(stage);
    const made = await world(contextOf(stage, work));
    return declared.kind === 'sink'
      ? new SinkSubject(stage, work, { make: make as SinkMaker['make'], declared }, made as SinkWorld)
      : new SourceSubject(
          stage,
          work,
          { make: make as SourceMaker['make'], declared },
          made as SourceWorld | EventWorld,
        );
  };
  return certify(declared, subject, options);
}
