import type { SourceType } from '../../../src/core/connector-type.ts';
import type { OutgoingMessage } from '../../../src/core/messaging.ts';
import { type Given, judge, type Verdict } from '../judge.ts';
import type { Process } from '../simulation/process.ts';
import { WebhookSender } from '../simulation/webhook-sender.ts';
import type { Stage, Subject, Types } from '../stage.ts';
import { SimulatedProcess } from './process.ts';
import type { RealWork } from './real-work.ts';
import { sourceTypeUnderTest } from './types.ts';
import type { EventWorld, ProcessUnderTest, SourceWorld } from './world.ts';

/** When everything was published and nothing followed for so long, nothing will: longer than a lease and its successor's start. */
const COMPLETE_MS = 15_000;
/** What was not published by then never will be. */
const GIVEN_UP_MS = 60_000;

const numberIn = ({ value }: { readonly value: Buffer }): number => Number(JSON.parse(String(value)).n);

/** The type as a process has it, and what it declares. */
export interface SourceMaker {
  readonly make: (process: ProcessUnderTest) => SourceType;
  readonly declared: SourceType;
}

const isOrdered = (
  type: SourceType,
  world: SourceWorld | EventWorld,
  configs: Readonly<Record<string, unknown>>,
): boolean => {
  if (type.source === 'queue') return type.isOrdered(configs);
  return type.source === 'log' || (type.source === 'batch' && 'laneOf' in world);
};

/** Who was not answered under ATMOST_ONCE must not repeat the request. */
const senderOf = (stage: Stage, { request }: EventWorld): WebhookSender<number> =>
  new WebhookSender(stage.cloud, {
    whenSilent: stage.isEver('ATMOST_ONCE') ? 'give-up' : 'send-again',
    requestOf: request,
  });

/** A source from outside and the system that it reads, or whoever sends to it. */
export class SourceSubject implements Subject {
  readonly typeName: string;
  readonly configs: Readonly<Record<string, unknown>>;
  readonly #stage: Stage;
  readonly #work: RealWork;
  readonly #make: SourceMaker['make'];
  readonly #world: SourceWorld | EventWorld;
  /** Of an event source. */
  readonly #sender: WebhookSender<number> | undefined;
  readonly #isOrdered: boolean;
  readonly #given: Given[] = [];
  #failure: unknown;
  #entries = 0;
  #distinct = 0;
  #sinceMs = 0;

  constructor(stage: Stage, work: RealWork, { make, declared }: SourceMaker, world: SourceWorld | EventWorld) {
    this.#stage = stage;
    this.#work = work;
    this.#make = make;
    this.#world = world;
    this.configs = world.configs ?? {};
    this.typeName = declared.name;
    this.#isOrdered = isOrdered(declared, world, this.configs);
    if ('request' in world) this.#sender = senderOf(stage, world);
  }

  typesFor(process: Process): Types {
    const simulated = new SimulatedProcess(process, this.#work);
    return { sinks: [], sources: [sourceTypeUnderTest(this.#make(simulated), simulated)] };
  }

  give(n: number): void {
    const world = this.#world;
    const lane = 'give' in world ? (world.laneOf?.(n) ?? '') : '';
    this.#given.push({ text: String(n), key: '', lane, isPoison: false });
    this.#work
      .do(this, `giving record ${n}`, () => ('give' in world ? world.give(n) : this.#sender?.add(n)))
      .catch((error: unknown) => {
        this.#failure = error;
      });
  }

  isDone(): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    const { topics, cloud, operator, schedule } = this.#stage;
    const entries = topics.reduce((sum, { log }) => sum + log.length, 0);
    if (entries !== this.#entries) {
      this.#entries = entries;
      this.#sinceMs = cloud.timeline.nowMs;
      this.#distinct = new Set(this.#texts.flat()).size;
    }
    const isComplete = this.#distinct >= this.#given.length;
    if (!isComplete && !this.#stage.isEver('ATMOST_ONCE')) return false;
    const hasInbox = schedule.route === 'queue' || schedule.route === 'batch';
    if (this.#sender?.isIdle === false || (hasInbox && !operator.isInboxEmpty)) return false;
    return cloud.timeline.nowMs - this.#sinceMs > (isComplete ? COMPLETE_MS : GIVEN_UP_MS);
  }

  get #texts(): string[][] {
    const { numberOf = numberIn } = this.#world;
    const textOf = ({ value, key, properties = {} }: OutgoingMessage): string =>
      String(numberOf({ value: Buffer.from(value ?? ''), key, properties }));
    return this.#stage.published.map((messages) => messages.map(textOf));
  }

  async verdict(): Promise<Verdict> {
    return judge(this.#given, this.#texts, { order: this.#isOrdered ? 'lane' : 'none', deadLetters: [] });
  }

  async dispose(): Promise<void> {
    await this.#world.dispose?.();
  }
}
