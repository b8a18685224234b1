import type { Guarantee } from '../../src/core/guarantee.ts';
import { GUARANTEE_KEEPERS, type Guarantees } from '../../src/delivery/pipeline.ts';
import { type Given, judge, judgeCells, type Verdict } from './judge.ts';
import { type Change, isSourceRoute, type Outcome, type Schedule } from './schedule.ts';
import type { Topic } from './simulation/broker/topic.ts';
import { Cloud, KEEPER } from './simulation/cloud.ts';
import { Feeder, RECORD_EVERY_MS } from './simulation/feeder.ts';
import { NAME, Operator } from './simulation/operator.ts';
import { QueueSystem } from './simulation/queue-system.ts';
import { SourceSystem } from './simulation/source-system.ts';
import { FLAKY, POISON, TargetSystem } from './simulation/target-system.ts';

const TOPIC = 'persistent://public/default/records';
const DEAD_LETTERS = 'persistent://public/default/dead-letters';
const SUBSCRIPTION = `public/default/${NAME}`;
/** After the last record was given nothing strikes any more, and there is so much time to come to an end. */
const PATIENCE_MS = 600_000;
/** Everything looks done for so long before it is believed. */
const STILL_MS = 1_000;

/** What a test may swap, to see what breaks. */
export interface SimulationHooks {
  readonly guarantees?: Guarantees;
  readonly keepsTrace?: boolean;
}

/** An outcome, and what was said on the way to it. */
export interface Simulated extends Outcome {
  readonly logs: readonly string[];
  readonly lines: readonly string[];
}

/** Runs a schedule to its end and says what readers found. */
export const simulate = async (schedule: Schedule, hooks: SimulationHooks = {}): Promise<Simulated> => {
  const simulation = new Simulation(schedule, hooks);
  await simulation.run();
  return simulation.result();
};

class Simulation {
  readonly #schedule: Schedule;
  readonly #cloud: Cloud;
  readonly #operator: Operator;
  readonly #source = new SourceSystem();
  readonly #queue: QueueSystem;
  readonly #target: TargetSystem;
  readonly #given: Given[] = [];
  readonly #feeder: Feeder;
  #isGiven = false;
  #isOperated = false;
  #stillSinceMs: number | undefined;

  constructor(schedule: Schedule, { guarantees = GUARANTEE_KEEPERS, keepsTrace = false }: SimulationHooks) {
    this.#schedule = schedule;
    this.#target = new TargetSystem(isSourceRoute(schedule.route) ? 'plain' : schedule.route);
    const { seed, faults, lambdaTimeoutMs, dispatchers } = schedule;
    this.#cloud = new Cloud({
      ...{ seed, faults, lambdaTimeoutMs, dispatchers, guarantees, keepsTrace },
      typesFor: (process) => ({
        sinks: [this.#target.typeFor(process)],
        sources: [this.#source.typeFor(process), this.#queue.typeFor(process)],
      }),
    });
    this.#queue = new QueueSystem(this.#cloud, schedule.order !== 'none');
    this.#operator = new Operator(this.#cloud, this.#isSource ? 'source' : 'sink');
    this.#feeder = new Feeder(this.#cloud, {
      topics: () => this.#topics.slice(0, Math.max(1, schedule.partitions)),
      hasManyClocks: !this.#isEver('ATLEAST_ONCE'),
      isUnbatched: schedule.order === 'key',
    });
  }

  get #isSource(): boolean {
    return isSourceRoute(this.#schedule.route);
  }

  get #topics(): readonly Topic[] {
    return this.#cloud.broker.concrete(TOPIC);
  }

  async run(): Promise<void> {
    const { timeline, broker } = this.#cloud;
    broker.createTopic(TOPIC, this.#schedule.partitions);
    if (this.#isSource) for (const topic of this.#topics) topic.subscription(KEEPER, 'Earliest');
    void this.#operate();
    this.#give();
    await timeline.run(() => this.#isOver(), this.#loadMs + PATIENCE_MS);
  }

  get #loadMs(): number {
    const last = Math.max(0, ...this.#schedule.changes.map(({ atMs }) => atMs));
    return Math.max(this.#schedule.records * RECORD_EVERY_MS, last);
  }

  async #operate(): Promise<void> {
    const { changes, guarantee, parallelism } = this.#schedule;
    const { timeline } = this.#cloud;
    await this.#operator.create(this.#config(guarantee, parallelism));
    for (const change of changes) {
      await timeline.delay(Math.max(0, change.atMs - timeline.nowMs));
      await this.#change(change);
    }
    this.#isOperated = true;
    await this.#operator.restartWhereAsked();
  }

  async #change({ action, guarantee, parallelism }: Change): Promise<void> {
    if (action === 'add-partition') this.#cloud.broker.addPartition(TOPIC);
    else if (action !== 'update') await this.#operator.act(action);
    else {
      const { guarantee: before, parallelism: width } = this.#schedule;
      await this.#operator.update(this.#config(guarantee ?? before, parallelism ?? width));
    }
  }

  #config(guarantee: Guarantee, parallelism: number): object {
    const { route, order, poisonEvery } = this.#schedule;
    const common = { processingGuarantees: guarantee, parallelism, archive: `builtin://${route}`, configs: {} };
    if (this.#isSource) return { ...common, topicName: TOPIC };
    return {
      ...common,
      inputs: [TOPIC],
      sourceSubscriptionPosition: 'Earliest',
      retainOrdering: order === 'topic',
      retainKeyOrdering: order === 'key' && guarantee !== 'EFFECTIVELY_ONCE',
      negativeAckRedeliveryDelayMs: 500,
      ...(poisonEvery > 0 && { maxMessageRetries: 5, deadLetterTopic: DEAD_LETTERS }),
    };
  }

  #give(): void {
    const { timeline, faults } = this.#cloud;
    const { records } = this.#schedule;
    for (let n = 0; n < records; n++) timeline.after(n * RECORD_EVERY_MS, () => this.#giveOne(n));
    timeline.after(this.#loadMs, () => {
      this.#isGiven = true;
      faults.disarm();
    });
  }

  #giveOne(n: number): void {
    const { keys, poisonEvery, sourcePartitions, route } = this.#schedule;
    const kind = poisonEvery > 0 && n > 0 ? n % poisonEvery : -1;
    const text = `${kind === 1 ? POISON : kind === 0 ? FLAKY : 'r'}${n}`;
    const ownKey = route === 'versioned' ? text : undefined;
    const key = keys > 0 ? `k${n % keys}` : ownKey;
    if (!this.#isSource) {
      this.#publish(text, key, kind === 1);
      return;
    }
    if (route === 'queue') {
      this.#send(text, key);
      return;
    }
    const lane = `p${n % sourcePartitions}`;
    this.#source.add(lane, { value: text, ...(key !== undefined && { key }) });
    this.#given.push({ text, key: key ?? '', lane, isPoison: false });
  }

  /** Where a queue keeps an order, every message has a group. */
  #send(text: string, key = this.#schedule.order === 'none' ? undefined : 'all'): void {
    this.#queue.add(text, { value: text, ...(key !== undefined && { key }) });
    this.#given.push({ text, key: key ?? '', lane: 'queue', isPoison: false });
  }

  #publish(text: string, key: string | undefined, isPoison: boolean): void {
    const sequenceId = this.#given.length + 1;
    const lane = this.#feeder.publish({ value: Buffer.from(text), sequenceId, ...(key !== undefined && { key }) });
    this.#given.push({ text, key: key ?? '', lane, isPoison });
  }

  /** True when it is the guarantee at some time. */
  #isEver(guarantee: Guarantee): boolean {
    return [this.#schedule, ...this.#schedule.changes].some((one) => one.guarantee === guarantee);
  }

  /** True when all that can happen has happened: everything is delivered as far as store and broker know, and nothing is on its way. */
  #isOver(): boolean {
    const { timeline, lambda, quietAtMs } = this.#cloud;
    if (lambda.running > 0 || !this.#isDone()) this.#stillSinceMs = undefined;
    else this.#stillSinceMs ??= timeline.nowMs;
    return this.#stillSinceMs !== undefined && timeline.nowMs > Math.max(this.#stillSinceMs + STILL_MS, quietAtMs);
  }

  #isDone(): boolean {
    if (!this.#isGiven || !this.#isOperated || this.#feeder.isBusy) return false;
    if (this.#topics.some(({ isStoring }) => isStoring)) return false;
    if (this.#schedule.route === 'queue') return this.#queue.isEmpty && this.#operator.isInboxEmpty;
    return this.#isSource
      ? [...this.#source.partitions].every(
          ([partition, records]) => this.#operator.position(partition) === records.length,
        )
      : this.#topics.every(({ subscriptions }) => subscriptions.get(SUBSCRIPTION)?.backlog === 0);
  }

  /** What readers of a topic see, one per partition. */
  /** What readers of a topic see, but for what the broker stored again because somebody had switched its deduplication off: nothing could keep it from that. */
  #texts(topic: string): string[][] {
    const textsOf = ({ log }: Topic) =>
      log
        .filter(({ isUnprotectedRepeat = false }) => !isUnprotectedRepeat)
        .flatMap(({ messages }) => messages.map(({ value }) => String(value)));
    return this.#cloud.broker.concrete(topic).map(textsOf);
  }

  #verdict(): Verdict {
    const deadLetters = this.#texts(DEAD_LETTERS).flat();
    const { route, order } = this.#schedule;
    if (route === 'queue')
      return judge(this.#given, this.#texts(TOPIC), { order: order === 'none' ? 'none' : 'key', deadLetters });
    if (this.#isSource) return judge(this.#given, this.#texts(TOPIC), { order: 'lane', deadLetters });
    if (route === 'versioned') return judgeCells(this.#given, this.#target.effects, deadLetters);
    const kept = this.#isEver('ATLEAST_ONCE') && order !== 'topic' ? order : 'lane';
    const effects = this.#target.effects.map(({ text }) => text);
    return judge(this.#given, [effects], { order: kept, deadLetters });
  }

  result(): Simulated {
    const { faults, lambda, timeline, deaths, table, logs } = this.#cloud;
    return {
      records: this.#schedule.records,
      ...this.#verdict(),
      stuck: this.#operator.refusal ?? (this.#isDone() ? undefined : this.#operator.states()),
      failures: lambda.failures,
      kills: deaths,
      runs: lambda.started,
      struck: faults.struck.map(({ port, kind }) => `${port} ${kind}`),
      trace: timeline.trace,
      virtualMs: timeline.nowMs,
      storeWrites: table.writes,
      logs,
      lines: timeline.lines ?? [],
    };
  }
}
