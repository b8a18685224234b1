import type { OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { RecordResult, SinkRecord } from '../../core/record.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import { recordId } from '../record-id.ts';
import { writeConcurrently } from '../write-concurrently.ts';
import type { AerospikeWrite, ToWrite } from './bins.ts';
import type { AerospikeConfig } from './config.ts';
import type { Connected } from './connect.ts';
import type { WritePolicy } from './driver.ts';
import { aerospikeError, FILTERED_OUT, NOT_FOUND, resultOf } from './errors.ts';
import { Slots } from './slots.ts';

/** What a session works with. */
export interface SessionParts extends Connected {
  readonly config: AerospikeConfig;
  readonly toWrite: ToWrite;
  /** Whether writes carry their records' versions. */
  readonly isVersioned: boolean;
  /** Names cluster, namespace and set in error messages. */
  readonly target: string;
}

/** Particle type of an integer (`AS_BYTES_INTEGER`). */
const INTEGER = 1;

/** An open aerospike sink. */
export class AerospikeSession implements OpenSink {
  readonly #parts: SessionParts;
  readonly #slots: Slots;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#slots = new Slots(parts.config.maxConcurrentRequests);
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    const doing = `writing to ${this.#parts.target}`;
    const { maxConcurrentRequests } = this.#parts.config;
    const results: RecordResult[] = [];
    throwIfAborted(signal, doing);
    for (const batch of this.#batches(records)) {
      const failure = results.find((it) => !it.ok && dispositionOf(it.error) !== 'reject');
      // What failed must not be overtaken by what follows it.
      if (failure) results.push(...batch.map(() => failure));
      else {
        const writeOne = (record: SinkRecord) => this.#writeOne(record, signal);
        results.push(...(await writeConcurrently(batch, maxConcurrentRequests, writeOne, doing, signal)));
      }
    }
    return results;
  }

  describe(record: SinkRecord): unknown {
    const { keyspace, keySet } = this.#parts.config;
    const { key, bins, isReplaced } = this.#parts.toWrite(record);
    const of = { namespace: keyspace, ...(keySet && { set: keySet }), key };
    if (!bins) return { remove: of };
    return { [isReplaced ? 'replace' : 'put']: { ...of, bins } };
  }

  /** The package (6.7.1) kills the process when its client is closed while a command is under way; each ends within `timeoutMs`. */
  async close(): Promise<void> {
    await this.#slots.idle();
    this.#parts.client.close();
  }

  /** Batches whose records may be written in any order: without versions, none has two writes of one key. */
  #batches(records: readonly SinkRecord[]): readonly (readonly SinkRecord[])[] {
    if (this.#parts.isVersioned) return [records];
    const batches: SinkRecord[][] = [[]];
    const keys = new Set<string | undefined>();
    for (const record of records) {
      const key = record.key ?? record.bytes?.toString();
      if (keys.has(key)) {
        batches.push([]);
        keys.clear();
      }
      keys.add(key);
      batches.at(-1)?.push(record);
    }
    return batches;
  }

  async #writeOne(record: SinkRecord, signal: AbortSignal): Promise<PulsarIoError | undefined> {
    const doing = `writing ${recordId(record)} to ${this.#parts.target}`;
    try {
      const write = this.#parts.toWrite(record);
      const send = async (): Promise<void> => {
        throwIfAborted(signal, doing);
        await this.#send(write);
      };
      await orAborted(this.#slots.use(send), signal, doing);
      return undefined;
    } catch (error) {
      const result = resultOf(error);
      // A newer write is there; or, without versions, nothing that could be removed.
      if (result === FILTERED_OUT || result === NOT_FOUND) return undefined;
      if (error instanceof PulsarIoError) return new PulsarIoError(error.code, `${doing}: ${error.message}`);
      return aerospikeError(error, doing);
    }
  }

  async #send({ key: name, bins, isReplaced, version, ttl }: AerospikeWrite): Promise<void> {
    const { driver, client, config } = this.#parts;
    const { keyspace, keySet } = config;
    const key = new driver.Key(keyspace, keySet === '' ? undefined : keySet, name);
    if (!bins) return void (await client.remove(key, new driver.RemovePolicy(this.#policy())));
    const { UPDATE, CREATE_OR_REPLACE } = driver.policy.exists;
    const policy = { ...this.#policy(version), exists: isReplaced ? CREATE_OR_REPLACE : UPDATE };
    await client.put(key, bins, ttl === undefined ? {} : { ttl }, new driver.WritePolicy(policy));
  }

  /** The filter lets a write pass that finds no version or an older one; where there is no record, the server does not look at it. */
  #policy(version?: number): WritePolicy {
    const { driver, config } = this.#parts;
    const { timeoutMs, retries, versionBin } = config;
    const { or, ne, lt, int, binInt, binType } = driver.exp;
    const limits = { socketTimeout: timeoutMs, totalTimeout: timeoutMs, maxRetries: retries };
    if (version === undefined) return limits;
    const hasNone = ne(binType(versionBin), int(INTEGER));
    return { ...limits, filterExpression: or(hasNone, lt(binInt(versionBin), int(version))) };
  }
}

const dispositionOf = (error: Error): string | undefined => (error as Partial<PulsarIoError>).disposition;
