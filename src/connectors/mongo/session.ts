import type { MongoClient } from 'mongodb';
import type { OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import type { PlaceOf, Places } from '../places.ts';
import { recordId } from '../record-id.ts';
import { type Item, type Outcome, type Place, writePlain, writeVersioned } from './batch.ts';
import type { ToWrite } from './document.ts';

/** What a session works with. */
export interface SessionParts {
  readonly client: MongoClient;
  readonly places: Places<Place>;
  readonly toWrite: ToWrite;
  /** Field of the version; undefined: writes are plain. */
  readonly versionField: string | undefined;
  /** Text that is equal for equal `_id`s. */
  readonly idText: (id: unknown) => string;
  readonly batchSize: number;
}

/** An open mongo sink. */
export class MongoSession implements OpenSink {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    const { places } = this.#parts;
    throwIfAborted(signal, `writing to ${places.home.name}`);
    const results: RecordResult[] = records.map(() => WRITTEN);
    const placeOf = await places.lookUp(records, signal);
    const items = records.flatMap((record, at) => this.#item(record, at, placeOf, results));
    // What failed must not be overtaken by what follows it.
    let failure: PulsarIoError | undefined;
    const byCollection = Map.groupBy(items, ({ place }) => place.name);
    for (const batch of [...byCollection.values()].flatMap((of) => this.#batches(of))) {
      const outcomes = failure ? batch.map(() => failure) : await this.#send(batch, signal);
      for (const [nth, { at }] of batch.entries()) this.#note(outcomes[nth], at, results);
      failure ??= outcomes.find((outcome) => outcome && outcome.disposition !== 'reject');
    }
    return results;
  }

  async describe(record: SinkRecord, signal: AbortSignal): Promise<unknown> {
    const { toWrite, places, versionField } = this.#parts;
    const { id, document, isDerived } = toWrite(record);
    const placeOf = await places.lookUp([record], signal);
    const collection =
      record.destination === undefined ? {} : { collection: placeOf(record).collection.collectionName };
    if (!document) return { ...collection, delete: { _id: id } };
    return {
      ...collection,
      ...(isDerived && versionField === undefined ? { insert: document } : { replace: document }),
    };
  }

  async close(): Promise<void> {
    await this.#parts.client.close(true);
  }

  #item(record: SinkRecord, at: number, placeOf: PlaceOf<Place>, results: RecordResult[]): Item[] {
    const { places, toWrite } = this.#parts;
    try {
      return [{ at, record, place: placeOf(record), write: toWrite(record) }];
    } catch (error) {
      if (!(error instanceof PulsarIoError)) throw error;
      const doing = `writing ${recordId(record)} to ${places.home.name}`;
      this.#note(new PulsarIoError(error.code, `${doing}: ${error.message}`), at, results);
      return [];
    }
  }

  /** Writes items of one collection. */
  async #send(batch: readonly Item[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const { versionField } = this.#parts;
    const [{ place }] = batch as readonly [Item, ...Item[]];
    const doing = `writing to ${place.name}`;
    const written = versionField === undefined ? writePlain(batch, place) : writeVersioned(batch, place, versionField);
    try {
      return await orAborted(written, signal, doing);
    } catch (error) {
      if (signal.aborted) await this.close();
      if (signal.aborted || !(error instanceof PulsarIoError)) throw error;
      return batch.map(() => error);
    }
  }

  /** Batches whose documents may be written in any order: without versions, none has two writes of one document. */
  #batches(items: readonly Item[]): Item[][] {
    const { versionField, idText, batchSize } = this.#parts;
    const batches: Item[][] = [];
    const ids = new Set<string>();
    for (const item of items) {
      const id = versionField === undefined ? idText(item.write.id) : '';
      const last = batches.at(-1);
      if (last && last.length < batchSize && !ids.has(id)) last.push(item);
      else {
        batches.push([item]);
        ids.clear();
      }
      if (versionField === undefined) ids.add(id);
    }
    return batches;
  }

  #note(error: Outcome, at: number, results: RecordResult[]): void {
    if (error) results[at] = { ok: false, error };
  }
}
