import type { OutgoingMessage } from '../../src/core/messaging.ts';
import type { EventMappings } from '../../src/core/queue-triggers.ts';
import { type Given, judge, judgeCells, type Verdict } from './judge.ts';
import type { Move } from './judge-moves.ts';
import { isSourceRoute } from './schedule.ts';
import type { Process } from './simulation/process.ts';
import { FICKLE, FLAKY, POISON, TargetSystem } from './simulation/target-system.ts';
import { SOURCE_FEEDS, type SourceFeed } from './source-feeds.ts';
import type { Stage, Subject, Types } from './stage.ts';

const textsOf = (messages: readonly OutgoingMessage[]): string[] => messages.map(({ value }) => String(value));

/** What comes in a row every so many records: dead letters beside each other. */
const KINDS = [FLAKY, POISON, FICKLE] as const;

/** The systems that are simulated, too: one per route. */
export class SimulatedSystems implements Subject {
  readonly #stage: Stage;
  /** Undefined: the route is a sink's. */
  readonly #source: SourceFeed | undefined;
  readonly #target: TargetSystem;
  readonly #given: Given[] = [];
  readonly #moves: Move[] = [];

  constructor(stage: Stage) {
    const { route } = stage.schedule;
    this.#stage = stage;
    this.#target = new TargetSystem(isSourceRoute(route) ? 'plain' : route);
    this.#source = isSourceRoute(route) && route !== 'batch' ? SOURCE_FEEDS[route](stage) : undefined;
  }

  get typeName(): string {
    return this.#source?.type ?? this.#stage.schedule.route;
  }

  get configs(): object {
    return this.#source?.configs ?? {};
  }

  typesFor(process: Process): Types {
    return {
      sinks: [this.#target.typeFor(process)],
      sources: this.#source ? [this.#source.typeFor(process)] : [],
    };
  }

  mappingsFor(process: Process): EventMappings | undefined {
    return this.#source?.mappingsFor?.(process);
  }

  give(n: number): void {
    const { keys, poisonEvery, route } = this.#stage.schedule;
    const kind = poisonEvery > 0 && n > 0 ? n % poisonEvery : -1;
    const text = `${KINDS[kind] ?? 'r'}${n}`;
    const ownKey = route === 'versioned' ? text : undefined;
    const key = keys > 0 ? `k${n % keys}` : ownKey;
    if (this.#source) this.#given.push(this.#source.give({ n, text, key }));
    else this.#publish(text, key, kind === 1);
  }

  #publish(text: string, key: string | undefined, isPoison: boolean): void {
    const sequenceId = this.#given.length + 1;
    const message = { value: Buffer.from(text), sequenceId, ...(key !== undefined && { key }) };
    const lane = this.#stage.feeder.publish(message);
    this.#given.push({ text, key: key ?? '', lane, isPoison });
  }

  seek(shift: number): object {
    const moves = this.#source ? (this.#source.seek?.(shift) ?? []) : this.#seekTopics(shift);
    this.#moves.push(...moves);
    return Object.fromEntries(moves.map(({ lane, position }) => [lane, position]));
  }

  #seekTopics(shift: number): (Move & { readonly position: string })[] {
    return this.#stage.topics.flatMap((topic) => {
      const found = this.#stage.seek(topic, shift);
      if (!found) return [];
      const { from, to, entry } = found;
      return [{ lane: topic.name, from, to, position: `${entry.ledgerId}:${entry.entryId}` }];
    });
  }

  mend(): void {
    this.#target.isMended = true;
  }

  isDone(): boolean {
    return this.#source ? this.#source.isThrough() : this.#stage.isBacklogEmpty;
  }

  async verdict(): Promise<Verdict> {
    const { schedule, published } = this.#stage;
    const { route, order } = schedule;
    const deadLetters = textsOf(this.#stage.deadLetters);
    const moved = { moves: this.#moves, guarantee: schedule.guarantee, takesOnce: route === 'idempotent' };
    const texts = published.map(textsOf);
    if (this.#source) return judge(this.#given, texts, { order: this.#source.order, deadLetters, moved });
    const { parksKeys, operator } = this.#stage;
    const terms = { deadLetters, redrives: operator.redrives, parksKeys, moved };
    if (route === 'versioned') return judgeCells(this.#given, this.#target.effects, terms);
    const kept = this.#stage.isEver('ATLEAST_ONCE') && order !== 'topic' ? order : 'lane';
    const effects = this.#target.effects.map(({ text }) => text);
    return judge(this.#given, [effects], { order: kept, ...terms });
  }
}
