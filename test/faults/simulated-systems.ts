import type { OutgoingMessage } from '../../src/core/messaging.ts';
import { type Given, judge, judgeCells, type Verdict } from './judge.ts';
import { isSourceRoute } from './schedule.ts';
import type { Process } from './simulation/process.ts';
import { QueueSystem } from './simulation/queue-system.ts';
import { SourceSystem } from './simulation/source-system.ts';
import { FLAKY, POISON, TargetSystem } from './simulation/target-system.ts';
import type { Stage, Subject, Types } from './stage.ts';

const textsOf = (messages: readonly OutgoingMessage[]): string[] => messages.map(({ value }) => String(value));

/** The systems that are simulated, too: one per route. */
export class SimulatedSystems implements Subject {
  readonly configs = {};
  readonly #stage: Stage;
  readonly #source = new SourceSystem();
  readonly #queue: QueueSystem;
  readonly #target: TargetSystem;
  readonly #given: Given[] = [];

  constructor(stage: Stage) {
    const { route, order } = stage.schedule;
    this.#stage = stage;
    this.#target = new TargetSystem(isSourceRoute(route) ? 'plain' : route);
    this.#queue = new QueueSystem(stage.cloud, order !== 'none');
  }

  get typeName(): string {
    return this.#stage.schedule.route;
  }

  typesFor(process: Process): Types {
    return {
      sinks: [this.#target.typeFor(process)],
      sources: [this.#source.typeFor(process), this.#queue.typeFor(process)],
    };
  }

  give(n: number): void {
    const { keys, poisonEvery, sourcePartitions, route } = this.#stage.schedule;
    const kind = poisonEvery > 0 && n > 0 ? n % poisonEvery : -1;
    const text = `${kind === 1 ? POISON : kind === 0 ? FLAKY : 'r'}${n}`;
    const ownKey = route === 'versioned' ? text : undefined;
    const key = keys > 0 ? `k${n % keys}` : ownKey;
    if (!this.#stage.isSource) {
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
  #send(text: string, key = this.#stage.schedule.order === 'none' ? undefined : 'all'): void {
    this.#queue.add(text, { value: text, ...(key !== undefined && { key }) });
    this.#given.push({ text, key: key ?? '', lane: 'queue', isPoison: false });
  }

  #publish(text: string, key: string | undefined, isPoison: boolean): void {
    const sequenceId = this.#given.length + 1;
    const message = { value: Buffer.from(text), sequenceId, ...(key !== undefined && { key }) };
    const lane = this.#stage.feeder.publish(message);
    this.#given.push({ text, key: key ?? '', lane, isPoison });
  }

  isDone(): boolean {
    const { schedule, operator, isSource, isBacklogEmpty } = this.#stage;
    if (schedule.route === 'queue') return this.#queue.isEmpty && operator.isInboxEmpty;
    if (!isSource) return isBacklogEmpty;
    const partitions = [...this.#source.partitions];
    return partitions.every(([partition, records]) => operator.position(partition) === records.length);
  }

  async verdict(): Promise<Verdict> {
    const { schedule, isSource, published } = this.#stage;
    const { route, order } = schedule;
    const deadLetters = textsOf(this.#stage.deadLetters);
    const texts = published.map(textsOf);
    if (route === 'queue') return judge(this.#given, texts, { order: order === 'none' ? 'none' : 'key', deadLetters });
    if (isSource) return judge(this.#given, texts, { order: 'lane', deadLetters });
    if (route === 'versioned') return judgeCells(this.#given, this.#target.effects, deadLetters);
    const kept = this.#stage.isEver('ATLEAST_ONCE') && order !== 'topic' ? order : 'lane';
    const effects = this.#target.effects.map(({ text }) => text);
    return judge(this.#given, [effects], { order: kept, deadLetters });
  }
}
