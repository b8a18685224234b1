import type { SourceType } from '../../../src/core/connector-type.ts';
import type { OutgoingMessage } from '../../../src/core/messaging.ts';
import { type Given, judge, type Verdict } from '../judge.ts';
import type { Process } from '../simulation/process.ts';
import type { Stage, Subject, Types } from '../stage.ts';
import { SimulatedProcess } from './process.ts';
import type { RealWork } from './real-work.ts';
import { sourceTypeUnderTest } from './types.ts';
import type { ProcessUnderTest, SourceWorld } from './world.ts';

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

/** A source from outside and the system that it reads. */
export class SourceSubject implements Subject {
  readonly typeName: string;
  readonly configs: Readonly<Record<string, unknown>>;
  readonly #stage: Stage;
  readonly #work: RealWork;
  readonly #make: SourceMaker['make'];
  readonly #world: SourceWorld;
  readonly #isOrdered: boolean;
  readonly #given: Given[] = [];
  #failure: unknown;
  #entries = 0;
  #distinct = 0;
  #sinceMs = 0;

  constructor(stage: Stage, work: RealWork, { make, declared }: SourceMaker, world: SourceWorld) {
    this.#stage = stage;
    this.#work = work;
    this.#make = make;
    this.#world = world;
    this.configs = world.configs ?? {};
    this.typeName = declared.name;
    this.#isOrdered = declared.source !== 'queue' || declared.isOrdered(this.configs);
  }

  typesFor(process: Process): Types {
    const simulated = new SimulatedProcess(process, this.#work);
    return { sinks: [], sources: [sourceTypeUnderTest(this.#make(simulated), simulated)] };
  }

  give(n: number): void {
    const lane = this.#world.laneOf?.(n) ?? '';
    this.#given.push({ text: String(n), key: '', lane, isPoison: false });
    this.#work
      .do(this, `giving record ${n}`, () => this.#world.give(n))
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
    if (schedule.route === 'queue' && !operator.isInboxEmpty) return false;
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
