import { Type } from '@sinclair/typebox';
import {
  defineSink,
  type FrontierMove,
  type FrontierRow,
  type SinkType,
  type TransactionalSink,
} from '../../../src/core/connector-type.ts';
import { PulsarIoError } from '../../../src/core/errors.ts';
import { type Frontier, isSameFrontier } from '../../../src/core/frontier.ts';
import { GUARANTEES, type Guarantee } from '../../../src/core/guarantee.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../../src/core/record.ts';
import { compareTokens, type Token } from '../../../src/core/token.ts';
import type { Process } from './process.ts';

/** One object for all processes: what is compiled of it is compiled once. */
const CONFIG = Type.Object({});

/** How a target of a simulation holds what is written to it. */
export type TargetModel = 'transactional' | 'versioned' | 'idempotent' | 'plain';

/** Text of a record that the target never takes begins so. */
export const POISON = 'poison';
/** Text of a record that the target refuses a few times begins so. */
export const FLAKY = 'flaky';
const FLAKY_FAILURES = 2;
/** Text of a record that the target rejects once, and would take later, begins so. */
export const FICKLE = 'fickle';

/** What a reader of the target saw appear: the text, and under which key. */
export interface Effect {
  readonly text: string;
  readonly key: string;
}

const GUARANTEES_OF: Readonly<Record<TargetModel, readonly Guarantee[]>> = {
  transactional: GUARANTEES,
  versioned: GUARANTEES,
  idempotent: GUARANTEES,
  plain: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
};

/**
 * A target of a simulation. `transactional`: a list, with the frontiers beside it. `versioned`: a value per key, the newest version wins. `idempotent`: a
 * list that takes no record's id twice. `plain`: a list. Every effect is noted in the order in which a reader sees it.
 */
export class TargetSystem {
  readonly effects: Effect[] = [];
  /** Under a versioned model: what each key holds. */
  readonly cells = new Map<string, { readonly version: number; readonly text: string }>();
  /** True: it takes everything. */
  isMended = false;
  readonly #frontiers = new Map<string, FrontierRow>();
  readonly #failures = new Map<string, number>();
  readonly #ids = new Set<string>();
  readonly #model: TargetModel;

  constructor(model: TargetModel) {
    this.#model = model;
  }

  /** The sink type as a process opens it; it has the model's name. */
  typeFor(process: Process): SinkType {
    const model = this.#model;
    return defineSink({
      name: model,
      summary: 'Writes into a simulation',
      className: 'SimulatedSink',
      guarantees: GUARANTEES_OF[model],
      ...(model !== 'plain' && { route: model }),
      accepts: 'text',
      config: CONFIG,
      open: async () => this.#open(process),
    });
  }

  #open(process: Process): TransactionalSink {
    const ask = <T>(port: string, signal: AbortSignal, effect: () => T): Promise<T> =>
      process.request({ port: `sink.${port}`, signal, effect, failure: unavailable });
    return {
      write: (records, signal) => ask('write', signal, () => records.map((record) => this.#write(record))),
      fence: (topic, token, initial, signal) => ask('fence', signal, () => this.#fence(topic, token, initial)),
      transact: (records, move, signal) => ask('transact', signal, () => this.#transact(records, move)),
      close: async () => undefined,
    };
  }

  #fence(topic: string, token: Token, initial: Frontier): FrontierRow {
    const row = this.#frontiers.get(topic);
    if (row && compareTokens(row.token, token) >= 0) throw fenced(topic);
    const stored = { token, frontier: row?.frontier ?? initial };
    this.#frontiers.set(topic, stored);
    return stored;
  }

  #transact(
    records: readonly SinkRecord[],
    { topic, token, from, to }: FrontierMove,
  ): readonly (RecordResult | undefined)[] | undefined {
    const row = this.#frontiers.get(topic);
    if (!row || compareTokens(row.token, token) !== 0 || !isSameFrontier(row.frontier, from)) throw fenced(topic);
    const failures = records.map((record) => this.#failureOf(record));
    if (failures.some(Boolean)) return failures.map((error) => (error ? { ok: false as const, error } : undefined));
    this.#frontiers.set(topic, { token, frontier: to });
    for (const record of records) this.#note(record);
    return undefined;
  }

  #write(record: SinkRecord): RecordResult {
    const error = this.#failureOf(record);
    if (error) return { ok: false, error };
    if (this.#hasEffect(record)) this.#note(record);
    return WRITTEN;
  }

  #hasEffect(record: SinkRecord): boolean {
    if (this.#model === 'versioned') return this.#isNewer(record);
    return this.#model !== 'idempotent' || this.#isUnknown(record);
  }

  #isUnknown({ topic, messageId: { ledgerId, entryId, batchIndex } }: SinkRecord): boolean {
    const known = this.#ids.size;
    return this.#ids.add(`${topic} ${ledgerId}:${entryId}:${batchIndex}`).size > known;
  }

  #isNewer({ key = '', value, version }: SinkRecord): boolean {
    const cell = this.cells.get(key);
    if (cell && (cell.version > version || (cell.version === version && cell.text === value))) return false;
    this.cells.set(key, { version, text: String(value) });
    return true;
  }

  #note({ value, key = '' }: SinkRecord): void {
    this.effects.push({ text: String(value), key });
  }

  #failureOf({ value, topic }: SinkRecord): Error | undefined {
    const text = String(value);
    if (this.isMended) return undefined;
    if (text.startsWith(POISON)) return rejected(topic);
    const isFickle = text.startsWith(FICKLE);
    if (!isFickle && !text.startsWith(FLAKY)) return undefined;
    const failures = this.#failures.get(text) ?? 0;
    this.#failures.set(text, failures + 1);
    if (isFickle) return failures < 1 ? rejected(topic) : undefined;
    return failures < FLAKY_FAILURES ? new PulsarIoError('PIO_SINK_UNAVAILABLE', 'not just now') : undefined;
  }
}

const rejected = (topic: string): Error => new PulsarIoError('PIO_SINK_REJECTED', `a record of ${topic} is poison`);
const fenced = (topic: string): Error => new PulsarIoError('PIO_FENCED', `a newer run writes ${topic}`);
const unavailable = (): Error => new PulsarIoError('PIO_SINK_UNAVAILABLE', 'the simulated target does not answer');
