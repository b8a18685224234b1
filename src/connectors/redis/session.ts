import type { OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import { recordId } from '../record-id.ts';
import type { RedisClient } from './connect.ts';
import { redisError } from './errors.ts';
import { versionKeyOf } from './script.ts';

/** What a session works with. */
export interface SessionParts {
  readonly client: RedisClient;
  readonly isCluster: boolean;
  /** Whether writes carry their records' versions. */
  readonly isVersioned: boolean;
  readonly versionPrefix: string;
  readonly tombstoneTtlMs: number;
  /** Names server and database in error messages. */
  readonly target: string;
}

interface Item {
  readonly index: number;
  readonly record: SinkRecord;
  readonly key: string;
  readonly versionKey: string;
}

/** Records of one script: it keeps the server from everything else while it runs. */
const SCRIPT_RECORDS = 100;

/** The commands under way, whose answers come in the order of `items`. */
interface Sent {
  readonly items: readonly Item[];
  readonly answers: Promise<readonly unknown[]>;
}

/** An open redis sink. */
export class RedisSession implements OpenSink {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    const doing = `writing to ${this.#parts.target}`;
    throwIfAborted(signal, doing);
    const results: RecordResult[] = records.map(() => WRITTEN);
    const items = records.flatMap((record, index) => this.#item(record, index, results));
    const send = async (): Promise<void> => {
      for (const { items: sent, answers } of this.#send(items)) {
        const all = await answers;
        for (const [at, item] of sent.entries()) this.#note(item, all[at], results);
      }
    };
    try {
      await orAborted(send(), signal, doing);
    } catch (error) {
      if (signal.aborted) this.#parts.client.disconnect();
      throw redisError(error, doing);
    }
    return results;
  }

  describe(record: SinkRecord): unknown {
    const { isVersioned } = this.#parts;
    const { key, versionKey } = this.#keysOf(record);
    const bytes = record.value === null ? null : (record.value as Buffer).length;
    return {
      command: bytes === null ? 'DEL' : 'SET',
      key,
      bytes,
      ...(isVersioned && { versionKey, version: record.version }),
    };
  }

  async close(): Promise<void> {
    this.#parts.client.disconnect();
  }

  #item(record: SinkRecord, index: number, results: RecordResult[]): Item[] {
    try {
      return [{ index, record, ...this.#keysOf(record) }];
    } catch (error) {
      results[index] = this.#failed(record, error);
      return [];
    }
  }

  #keysOf({ key }: SinkRecord): Pick<Item, 'key' | 'versionKey'> {
    const { versionPrefix, isCluster, isVersioned } = this.#parts;
    if (key === undefined) throw new PulsarIoError('PIO_SINK_REJECTED', 'the message has no key');
    if (key.startsWith(versionPrefix))
      throw new PulsarIoError('PIO_SINK_REJECTED', 'the key begins as the keys do that hold versions');
    const versionKey = versionKeyOf(key, versionPrefix, isCluster);
    if (versionKey === undefined && isVersioned)
      throw new PulsarIoError(
        'PIO_SINK_REJECTED',
        'the key is empty or has a } without a hash tag: no key for its version can lie in the same slot of the cluster',
      );
    return { key, versionKey: versionKey ?? '' };
  }

  #failed(record: SinkRecord, error: unknown): RecordResult {
    const doing = `writing ${recordId(record)} to ${this.#parts.target}`;
    const known =
      error instanceof PulsarIoError
        ? new PulsarIoError(error.code, `${doing}: ${error.message}`)
        : redisError(error, doing);
    return { ok: false, error: known };
  }

  #note({ index, record }: Item, answer: unknown, results: RecordResult[]): void {
    if (answer instanceof Error) results[index] = this.#failed(record, answer);
    else if (typeof answer === 'string' && answer !== 'OK')
      results[index] = this.#failed(record, Object.assign(new Error(answer), { name: 'ReplyError' }));
  }

  #send(items: readonly Item[]): Sent[] {
    const { isVersioned, isCluster } = this.#parts;
    if (isVersioned) return chunks(items, isCluster ? 1 : SCRIPT_RECORDS).map((chunk) => this.#script(chunk));
    return isCluster ? items.map((item) => this.#single(item)) : [this.#pipeline(items)];
  }

  #script(items: readonly Item[]): Sent {
    const { client, tombstoneTtlMs } = this.#parts;
    const keys = items.flatMap(({ key, versionKey }) => [key, versionKey]);
    const values = items.flatMap(({ record: { version, value } }) => [
      version,
      value === null ? 0 : 1,
      (value as Buffer | null) ?? '',
    ]);
    const answers = client.versionedWrite(keys.length, ...keys, tombstoneTtlMs, ...values);
    return { items, answers: answers.catch((error) => items.map(() => error)) };
  }

  #single(item: Item): Sent {
    const { client } = this.#parts;
    const { key, record } = item;
    const answer = record.value === null ? client.del(key) : client.set(key, record.value as Buffer);
    return { items: [item], answers: (answer as Promise<unknown>).then((it) => [it]).catch((error) => [error]) };
  }

  #pipeline(items: readonly Item[]): Sent {
    const pipeline = this.#parts.client.pipeline();
    for (const { key, record } of items)
      if (record.value === null) pipeline.del(key);
      else pipeline.set(key, record.value as Buffer);
    const answers = pipeline.exec().then((all) => (all ?? []).map(([error, answer]) => error ?? answer));
    return { items, answers };
  }
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
