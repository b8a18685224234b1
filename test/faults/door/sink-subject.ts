import type { SinkType } from '../../../src/core/connector-type.ts';
import { type Given, judge, judgeCells, type Terms, type Verdict } from '../judge.ts';
import type { Process } from '../simulation/process.ts';
import type { Stage, Subject, Types } from '../stage.ts';
import { SimulatedProcess } from './process.ts';
import type { RealWork } from './real-work.ts';
import { sinkTypeUnderTest } from './types.ts';
import type { ProcessUnderTest, SinkWorld } from './world.ts';

const payloadOf = (record: string | Buffer | object): Buffer => {
  if (Buffer.isBuffer(record)) return record;
  return Buffer.from(typeof record === 'string' ? record : JSON.stringify(record));
};

/** The type as a process has it, and what it declares. */
export interface SinkMaker {
  readonly make: (process: ProcessUnderTest) => SinkType;
  readonly declared: SinkType;
}

/** A sink from outside and its target. */
export class SinkSubject implements Subject {
  readonly typeName: string;
  readonly configs: object;
  readonly #stage: Stage;
  readonly #work: RealWork;
  readonly #make: SinkMaker['make'];
  readonly #world: SinkWorld;
  readonly #given: Given[] = [];
  /** Dead letters have the payload of their record. */
  readonly #numbers = new Map<string, number>();

  constructor(stage: Stage, work: RealWork, { make, declared }: SinkMaker, world: SinkWorld) {
    this.#stage = stage;
    this.#work = work;
    this.#make = make;
    this.#world = world;
    this.configs = world.configs ?? {};
    this.typeName = declared.name;
    this.mend = world.mend && (() => world.mend?.());
  }

  typesFor(process: Process): Types {
    const simulated = new SimulatedProcess(process, this.#work);
    return { sinks: [sinkTypeUnderTest(this.#make(simulated), simulated)], sources: [] };
  }

  give(n: number): void {
    const { keys, poisonEvery, route } = this.#stage.schedule;
    const ownKey = route === 'versioned' ? `k${n}` : undefined;
    const key = keys > 0 ? `k${n % keys}` : ownKey;
    const { poison, record = (number: number, its?: string) => ({ n: number, key: its }) } = this.#world;
    const isPoison = poison !== undefined && poisonEvery > 0 && n % poisonEvery === 1;
    const value = payloadOf(isPoison ? poison(n, key) : record(n, key));
    this.#numbers.set(value.toString('base64'), n);
    const lane = this.#stage.feeder.publish({ value, sequenceId: n + 1, ...(key !== undefined && { key }) });
    this.#given.push({ text: String(n), key: key ?? '', lane, isPoison });
  }

  /** Present where the target can be mended. */
  readonly mend: (() => void) | undefined;

  isDone(): boolean {
    return this.#stage.isBacklogEmpty;
  }

  async verdict(): Promise<Verdict> {
    const { order, route } = this.#stage.schedule;
    const found = (await this.#world.read()).map(String);
    const deadLetters = this.#stage.deadLetters.map(({ value }) =>
      String(this.#numbers.get(Buffer.from(value ?? '').toString('base64'))),
    );
    const { parksKeys, operator } = this.#stage;
    const terms = { deadLetters, redrives: operator.redrives, parksKeys };
    if (route === 'versioned') return this.#cellsVerdict(found, terms);
    const kept = this.#stage.isEver('ATLEAST_ONCE') && order !== 'topic' ? order : 'lane';
    return judge(this.#given, [found], {
      ...terms,
      order: this.#world.showsOrder === false ? 'none' : kept,
      parksKeys: parksKeys && this.#world.showsOrder !== false,
    });
  }

  #cellsVerdict(found: readonly string[], terms: Omit<Terms, 'order'>): Verdict {
    const keys = new Map(this.#given.map(({ text, key }) => [text, key]));
    return judgeCells(
      this.#given,
      found.map((text) => ({ text, key: keys.get(text) ?? text })),
      terms,
    );
  }

  async dispose(): Promise<void> {
    await this.#world.dispose?.();
  }
}
