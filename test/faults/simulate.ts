import { GUARANTEE_KEEPERS, type Guarantees } from '../../src/delivery/pipeline.ts';
import type { Change, Outcome, Schedule } from './schedule.ts';
import { SimulatedSystems } from './simulated-systems.ts';
import { KEEPER } from './simulation/cloud.ts';
import { RECORD_EVERY_MS } from './simulation/feeder.ts';
import { Stage, type Subject } from './stage.ts';

/** After the last record was given nothing strikes any more, and there is so much time to come to an end. */
const PATIENCE_MS = 600_000;
/** Everything looks done for so long before it is believed. */
const STILL_MS = 1_000;

/** What a test may swap, to see what breaks or to examine something else. */
export interface SimulationHooks {
  readonly guarantees?: Guarantees;
  readonly keepsTrace?: boolean;
  /** Connector and system; the simulated ones when absent. */
  readonly subject?: (stage: Stage) => Subject | Promise<Subject>;
}

/** An outcome, and what was said on the way to it. */
export interface Simulated extends Outcome {
  readonly logs: readonly string[];
  readonly lines: readonly string[];
}

/** Runs a schedule to its end and says what readers found. */
export const simulate = async (schedule: Schedule, hooks: SimulationHooks = {}): Promise<Simulated> => {
  const { guarantees = GUARANTEE_KEEPERS, keepsTrace = false } = hooks;
  const make = hooks.subject ?? ((stage) => new SimulatedSystems(stage));
  let subject: Subject | undefined;
  const stage = new Stage(schedule, {
    guarantees,
    keepsTrace,
    typesFor: (process) => subject?.typesFor(process) ?? { sinks: [], sources: [] },
    mappingsFor: (process) => subject?.mappingsFor?.(process),
  });
  subject = await make(stage);
  try {
    const simulation = new Simulation(stage, subject);
    await simulation.run();
    return await simulation.result();
  } finally {
    await subject.dispose?.();
  }
};

class Simulation {
  readonly #stage: Stage;
  readonly #subject: Subject;
  #isGiven = false;
  #isOperated = false;
  #stillSinceMs: number | undefined;

  constructor(stage: Stage, subject: Subject) {
    this.#stage = stage;
    this.#subject = subject;
  }

  async run(): Promise<void> {
    const { isSource, topics, cloud } = this.#stage;
    if (isSource) for (const topic of topics) topic.subscription(KEEPER, 'Earliest');
    void this.#operate();
    this.#give();
    await cloud.timeline.run(() => this.#isOver(), this.#loadMs + PATIENCE_MS);
  }

  get #loadMs(): number {
    const { records, changes } = this.#stage.schedule;
    const last = Math.max(0, ...changes.map(({ atMs }) => atMs));
    return Math.max(records * RECORD_EVERY_MS, last);
  }

  async #operate(): Promise<void> {
    const { schedule, cloud, operator } = this.#stage;
    const { changes, guarantee, parallelism } = schedule;
    await operator.create(this.#stage.config(this.#subject, guarantee, parallelism));
    for (const change of changes) {
      await cloud.timeline.delay(Math.max(0, change.atMs - cloud.timeline.nowMs));
      await this.#change(change);
    }
    if (this.#isRedriven) await this.#sendBackAll();
    this.#isOperated = true;
    await operator.watchUntil(() => false);
  }

  get #isRedriven(): boolean {
    return this.#stage.isRedriven && this.#subject.mend !== undefined;
  }

  /** When nothing strikes any more and all is worked off, the target is mended: then every record is written. */
  async #sendBackAll(): Promise<void> {
    const { cloud, operator } = this.#stage;
    const isThrough = () => this.#isGiven && this.#isDelivered() && cloud.timeline.nowMs > cloud.quietAtMs;
    await operator.watchUntil(isThrough);
    this.#subject.mend?.();
    await operator.redrive({ allowReordering: true });
    await operator.watchUntil(() => operator.isRedriven(this.#stage.topics.map(({ name }) => name)));
  }

  async #change(change: Change): Promise<void> {
    const { action, guarantee, parallelism, max, shift = 0 } = change;
    const { schedule, operator } = this.#stage;
    if (action === 'add-partition') this.#stage.addPartition();
    else if (action === 'redrive') await this.#redrive(max);
    else if (action === 'positions') await this.#setPositions(shift);
    else if (action !== 'update') await operator.act(action);
    else {
      const next = [guarantee ?? schedule.guarantee, parallelism ?? schedule.parallelism] as const;
      await operator.update(this.#stage.config(this.#subject, ...next, change.otherTopic));
    }
  }

  async #setPositions(shift: number): Promise<void> {
    const positions = this.#subject.seek?.(shift);
    if (positions) await this.#stage.operator.setPositions(positions);
  }

  async #redrive(max: number | undefined): Promise<void> {
    const { parksKeys, operator } = this.#stage;
    if (this.#isRedriven) await operator.redrive({ allowReordering: !parksKeys, max });
  }

  #give(): void {
    const { schedule, cloud } = this.#stage;
    for (let n = 0; n < schedule.records; n++) cloud.timeline.after(n * RECORD_EVERY_MS, () => this.#subject.give(n));
    cloud.timeline.after(this.#loadMs, () => {
      this.#isGiven = true;
      cloud.faults.disarm();
    });
  }

  /** True when all that can happen has happened: everything is delivered as far as store and broker know, and nothing is on its way. */
  #isOver(): boolean {
    const { timeline, lambda, events, quietAtMs } = this.#stage.cloud;
    if (lambda.running + events.running > 0 || !this.#isDone()) this.#stillSinceMs = undefined;
    else this.#stillSinceMs ??= timeline.nowMs;
    return this.#stillSinceMs !== undefined && timeline.nowMs > Math.max(this.#stillSinceMs + STILL_MS, quietAtMs);
  }

  #isDone(): boolean {
    return this.#isGiven && this.#isOperated && this.#isDelivered();
  }

  #isDelivered(): boolean {
    const { feeder, topics } = this.#stage;
    if (feeder.isBusy) return false;
    return !topics.some(({ isStoring }) => isStoring) && this.#subject.isDone();
  }

  async result(): Promise<Simulated> {
    const { schedule, operator, cloud } = this.#stage;
    const { faults, lambda, events, timeline, deaths, table, logs } = cloud;
    return {
      records: schedule.records,
      stuck: operator.refusal ?? (this.#isDone() ? undefined : operator.states()),
      failures: lambda.failures,
      kills: deaths,
      runs: lambda.started + events.started,
      struck: faults.struck.map(({ port, kind }) => `${port} ${kind}`),
      trace: timeline.trace,
      virtualMs: timeline.nowMs,
      storeWrites: table.writes,
      logs,
      lines: timeline.lines ?? [],
      ...(await this.#subject.verdict()),
    };
  }
}
