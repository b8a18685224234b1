import { Type } from '@sinclair/typebox';
import {
  defineSink,
  type FrontierRow,
  type SinkType,
  type TransactionalSink,
} from '../../../src/core/connector-type.ts';
import { PulsarIoError } from '../../../src/core/errors.ts';
import type { Frontier } from '../../../src/core/frontier.ts';
import { GUARANTEES } from '../../../src/core/guarantee.ts';
import { compareMessageIds } from '../../../src/core/message-id.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../../src/core/record.ts';
import { compareTokens } from '../../../src/core/token.ts';

const isSame = (a: Frontier, b: Frontier): boolean => compareMessageIds(a, b) === 0 && a.version === b.version;

/** A target that a test owns: it counts every effect, and keeps the newest version per text as a versioned system would. */
export class MemoryTarget {
  /** Texts in the order of their effects. */
  readonly effects: string[] = [];
  readonly versions = new Map<string, number>();
  readonly frontiers = new Map<string, FrontierRow>();
  /** The failure of a record, if it has one. */
  failureOf: (record: SinkRecord) => Error | undefined = () => undefined;
  maxBatchRecords = 100;
  /** false: a transaction that fails blames nobody. */
  isBlameKnown = true;
  /** Every text and version that was written, as `text@version`. */
  readonly versionsSeen = new Set<string>();

  /** The target as a sink type of that name: `transactional`, `versioned` or `plain`. */
  type(name: 'transactional' | 'versioned' | 'plain'): SinkType {
    return defineSink({
      name,
      summary: 'Writes into a test',
      className: 'MemorySink',
      guarantees: GUARANTEES,
      ...(name !== 'plain' && { route: name }),
      accepts: 'text',
      config: Type.Object({}),
      maxBatchRecords: () => this.maxBatchRecords,
      open: async () => this.#open(),
    });
  }

  #open(): TransactionalSink {
    return {
      write: async (records) => records.map((record) => this.#writeOne(record)),
      fence: async (topic, token, initial) => {
        const row = this.frontiers.get(topic);
        if (row && compareTokens(row.token, token) >= 0) throw new PulsarIoError('PIO_FENCED', 'a newer run was here');
        const fenced = { token, frontier: row?.frontier ?? initial };
        this.frontiers.set(topic, fenced);
        return fenced;
      },
      transact: async (records, { topic, token, from, to }) => {
        const row = this.frontiers.get(topic);
        if (!row || compareTokens(row.token, token) !== 0 || !isSame(row.frontier, from))
          throw new PulsarIoError('PIO_FENCED', 'token or frontier is another');
        const failures = records.map((record) => this.failureOf(record));
        if (failures.some(Boolean) && !this.isBlameKnown) return failures.map(() => undefined);
        if (failures.some(Boolean)) return failures.map((error) => (error ? { ok: false as const, error } : undefined));
        this.frontiers.set(topic, { token, frontier: to });
        this.#note(records);
        return undefined;
      },
      close: async () => undefined,
    };
  }

  #note(records: readonly SinkRecord[]): void {
    this.effects.push(...records.map(({ value }) => String(value)));
  }

  #writeOne(record: SinkRecord): RecordResult {
    const error = this.failureOf(record);
    if (error) return { ok: false, error };
    this.#note([record]);
    const text = String(record.value);
    this.versionsSeen.add(`${text}@${record.version}`);
    this.versions.set(text, Math.max(record.version, this.versions.get(text) ?? 0));
    return WRITTEN;
  }
}
