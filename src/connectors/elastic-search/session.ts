import type { OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { throwIfAborted } from '../abort.ts';
import { recordId } from '../record-id.ts';
import { type BulkLimits, inRequests, type Operation, type Outcome, sendBulk } from './bulk.ts';
import type { SearchServer } from './connect.ts';
import type { IndexOf } from './index-name.ts';
import type { Indices } from './indices.ts';

/** What a record does to its index: lines of a bulk request. */
export interface Action {
  readonly action: 'index' | 'delete';
  readonly id: string;
  /** JSON; absent: of a deletion. */
  readonly source?: string;
}

/** What a session works with. */
export interface SessionParts {
  readonly server: SearchServer;
  readonly indices: Indices;
  readonly indexOf: IndexOf;
  /** The action of a record; undefined: there is nothing to do. Throws what the record is rejected with. */
  readonly actionOf: (record: SinkRecord) => Action | undefined;
  /** Whether writes carry their records' versions. */
  readonly isVersioned: boolean;
  /** Mapping type, for servers that have some. */
  readonly typeName: string | undefined;
  /** What cannot be a document is passed over. */
  readonly dropsMalformed: boolean;
  readonly limits: BulkLimits;
  /** Names the cluster in error messages. */
  readonly target: string;
}

/** An open elastic_search sink. */
export class ElasticSearchSession implements OpenSink {
  readonly #parts: SessionParts;
  #closed: Promise<void> | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    const { target, limits } = this.#parts;
    const doing = `writing to ${target}`;
    throwIfAborted(signal, doing);
    const results: RecordResult[] = records.map(() => WRITTEN);
    const operations = records.flatMap((record, at) => this.#operation(record, at, results));
    const ready = await this.#withIndices(operations, results, doing, signal);
    // What failed must not be overtaken by what follows it.
    let failure: PulsarIoError | undefined;
    for (const request of inRequests(ready, limits)) {
      const outcomes = failure ? request.map(() => failure) : await this.#send(request, doing, signal);
      for (const [nth, { at }] of request.entries()) this.#note(this.#malformed(outcomes[nth]), at, results);
      failure ??= outcomes.find((outcome) => outcome && outcome.disposition !== 'reject');
    }
    return results;
  }

  describe(record: SinkRecord): unknown {
    const action = this.#parts.actionOf(record);
    if (!action) return { action: 'none' };
    const { source, ...rest } = action;
    const version = this.#parts.isVersioned ? { version: record.version } : {};
    const document = source === undefined ? {} : { document: JSON.parse(source) as unknown };
    return { index: this.#parts.indexOf(record), ...rest, ...version, ...document };
  }

  close(): Promise<void> {
    this.#closed ??= this.#parts.server.close(); // the client's second close never ends
    return this.#closed;
  }

  #operation(record: SinkRecord, at: number, results: RecordResult[]): Operation[] {
    const { actionOf, indexOf, target } = this.#parts;
    try {
      const index = indexOf(record);
      const action = this.#unlessMalformed(() => actionOf(record));
      if (!action) return [];
      const lines = this.#lines(record, index, action);
      return [{ at, record, index, lines, bytes: Buffer.byteLength(lines) }];
    } catch (error) {
      if (!(error instanceof PulsarIoError)) throw error;
      const doing = `writing ${recordId(record)} to ${target}`;
      this.#note(new PulsarIoError(error.code, `${doing}: ${error.message}`), at, results);
      return [];
    }
  }

  /**
   * `external_gte`: a repeat is written again, and answered when the replicas have it. With `external` it would be answered by what only the primary knows yet.
   */
  #lines({ version }: SinkRecord, index: string, { action, id, source }: Action): string {
    const { isVersioned, typeName } = this.#parts;
    const header = {
      _index: index,
      ...(typeName !== undefined && { _type: typeName }),
      _id: id,
      ...(isVersioned && { version, version_type: 'external_gte' }),
    };
    const line = `${JSON.stringify({ [action]: header })}\n`;
    return source === undefined ? line : `${line}${source}\n`;
  }

  async #withIndices(
    operations: readonly Operation[],
    results: RecordResult[],
    doing: string,
    signal: AbortSignal,
  ): Promise<Operation[]> {
    const problems = new Map<string, Outcome>();
    for (const index of new Set(operations.map((it) => it.index)))
      problems.set(index, await this.#parts.indices.ensure(index, `${doing}, index ${index}`, signal));
    for (const { index, at } of operations) this.#note(problems.get(index), at, results);
    return operations.filter(({ index }) => problems.get(index) === undefined);
  }

  async #send(request: readonly Operation[], doing: string, signal: AbortSignal): Promise<readonly Outcome[]> {
    try {
      return await sendBulk(this.#parts.server, request, doing, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof PulsarIoError)) throw error;
      return request.map(() => error);
    }
  }

  #note(error: Outcome, at: number, results: RecordResult[]): void {
    if (error) results[at] = { ok: false, error };
  }

  #malformed(error: Outcome): Outcome {
    return this.#parts.dropsMalformed && error?.code === 'PIO_SINK_REJECTED' ? undefined : error;
  }

  #unlessMalformed(make: () => Action | undefined): Action | undefined {
    try {
      return make();
    } catch (error) {
      if (error instanceof PulsarIoError && this.#malformed(error) === undefined) return undefined;
      throw error;
    }
  }
}
