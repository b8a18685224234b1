import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectorKind } from '../../src/core/connector.ts';
import { planted } from '../kit/planted.ts';
import { type Cloud, type CloudOptions, startCloud } from './cloud/index.ts';
import type { BrokerAddress } from './embedded-broker.ts';
import { inputRecord } from './growing-file.ts';

/** Times for troubles: a killed run is followed after three seconds, and both kinds of back-off (within a run, by the dispatcher) are used. */
const RUN_SETTINGS: CloudOptions['runSettings'] = {
  heartbeatMs: 400,
  leaseTtlMs: 3_000,
  leaseMarginMs: 500,
  maxSkewMs: 100,
  idleMs: 1_000,
  backoff: { firstMs: 50, maxMs: 800 },
  maxWaitInRunMs: 300,
  tailStableMs: 300,
};

/** A folder of one's own. */
export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'pio-trouble-'));

/** A topic nobody has. */
export const newTopic = (): string => `persistent://public/default/trouble-${randomUUID()}`;

/** A cloud for troubles; without `adminUrl` nothing is asked of Pulsar's admin API. */
export const startTroubledCloud = async (
  { serviceUrl, adminUrl }: Pick<BrokerAddress, 'serviceUrl'> & Partial<BrokerAddress>,
  options: Partial<CloudOptions> = {},
): Promise<Cloud> =>
  startCloud({
    serviceUrl,
    ...(adminUrl && { adminUrl }),
    storeUrl: `sqlite:${join(newFolder(), 'store.db')}`,
    tickMs: 700,
    ...options,
    runSettings: { ...RUN_SETTINGS, ...options.runSettings },
  });

/** Waits until `look` gives something; fails with `what` and the last look after `limitMs`. */
export const until = async <T>(
  what: string,
  look: () => Promise<T | false | undefined> | T | false | undefined,
  limitMs = 120_000,
): Promise<T> => {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await sleep(60);
  }
};

/** What the admin API says of one instance; `exceptions` are those of the connector and of the system, newest last. */
export interface Told {
  readonly running: boolean;
  readonly error: string;
  readonly read: number;
  readonly written: number;
  readonly failures: number;
  readonly exceptions: readonly string[];
}

interface Exceptions {
  readonly exceptionString: string;
  readonly timestampMs: number;
}

/** Status of an instance, in the same words for sources and sinks. */
export const told = async (cloud: Cloud, kind: ConnectorKind, name: string, instance = 0): Promise<Told> => {
  const { status } = (await cloud.status(kind, name)).instances[instance];
  const lists: Exceptions[] = [
    ...(status.latestSystemExceptions ?? []),
    ...(status.latestSourceExceptions ?? []),
    ...(status.latestSinkExceptions ?? []),
  ];
  return {
    running: status.running,
    error: status.error,
    read: status.numReceivedFromSource ?? status.numReadFromPulsar,
    written: status.numWritten ?? status.numWrittenToSink,
    failures: status.numSystemExceptions + (status.numSourceExceptions ?? status.numSinkExceptions),
    exceptions: lists.sort((a, b) => a.timestampMs - b.timestampMs).map(({ exceptionString }) => exceptionString),
  };
};

/** Waits until the status names a cause, as the error or among the exceptions, after at least `failures` failures. */
export const untilTold = async (
  cloud: Cloud,
  kind: ConnectorKind,
  name: string,
  cause: RegExp,
  failures = 1,
): Promise<Told> => {
  let last: Told | undefined;
  try {
    return await until(`${kind} ${name} tells ${cause}`, async () => {
      last = await told(cloud, kind, name);
      const texts = [last.error, ...last.exceptions];
      return last.failures >= failures && texts.some((text) => cause.test(text)) && last;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}; the status was ${JSON.stringify(last)}`);
  }
};

/** Waits until a fatal cause has stopped the instance. */
export const untilStopped = async (cloud: Cloud, kind: ConnectorKind, name: string, cause: RegExp): Promise<Told> => {
  let last: Told | undefined;
  try {
    return await until(`${kind} ${name} stops with ${cause}`, async () => {
      last = await told(cloud, kind, name);
      return !last.running && cause.test(last.error) && last;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}; the status was ${JSON.stringify(last)}`);
  }
};

/** Appends records `from` to `to` (exclusive) of the usual input, as NDJSON. */
export const append = (file: string, from: number, to: number): void =>
  appendFileSync(
    file,
    Array.from({ length: to - from }, (_, i) => `${JSON.stringify(inputRecord(from + i))}\n`).join(''),
  );

/** The usual table. */
export const DEFINITION = 'CREATE TABLE arrived (id TEXT, n INTEGER, text TEXT)';

/** A SQLite table whose rows, in the order of their writes, are what arrived. */
export class Table implements Disposable {
  readonly file: string;
  readonly database: DatabaseSync;

  /** Without a `definition` the file is there, but no table. */
  constructor(definition: string | undefined = DEFINITION, folder = newFolder()) {
    this.file = join(folder, 'target.db');
    this.database = new DatabaseSync(this.file, { timeout: 5_000 });
    this.database.exec('PRAGMA journal_mode = WAL');
    if (definition) this.database.exec(definition);
  }

  /** `configs` of a sink that writes here. */
  get configs(): Readonly<Record<string, unknown>> {
    const password = planted('database');
    return { jdbcUrl: `jdbc:sqlite:${this.file}`, tableName: 'arrived', batchSize: 100, password };
  }

  count(): number {
    return (this.database.prepare('SELECT count(*) AS c FROM arrived').get() as { c: number }).c;
  }

  /** `n` of every row, in the order of the writes. */
  read(): number[] {
    return (this.database.prepare('SELECT n FROM arrived ORDER BY rowid').all() as { n: number }[]).map(({ n }) => n);
  }

  [Symbol.dispose](): void {
    this.database.close();
  }
}

/** How what arrived differs from `expected` in this order. */
export const compare = (found: readonly number[], expected: readonly number[]) => {
  const seen = new Set(found);
  const wanted = new Set(expected);
  return {
    lost: expected.filter((n) => !seen.has(n)).slice(0, 10),
    strange: found.filter((n) => !wanted.has(n)).slice(0, 10),
    repeated: found.length - seen.size,
    inOrder: found.every((n, index) => index === 0 || n > (found[index - 1] as number)),
  };
};

/** What {@link compare} says of a delivery that is exact. */
export const EXACT = { lost: [], strange: [], repeated: 0, inOrder: true };

/** 0 to `count` - 1. */
export const upTo = (count: number): number[] => [...Array(count).keys()];

/** Configuration of a sink into a table. */
export const sinkConfig = (table: Pick<Table, 'configs'>, topic: string, more: object = {}): object => ({
  archive: 'builtin://jdbc-sqlite',
  processingGuarantees: 'EFFECTIVELY_ONCE',
  inputs: [topic],
  sourceSubscriptionPosition: 'Earliest',
  secrets: { more: planted('of-the-sink') },
  configs: table.configs,
  ...more,
});

/** Configuration of a source that follows a file. */
export const sourceConfig = (path: string, topic: string, more: object = {}): object => ({
  archive: 'builtin://file',
  processingGuarantees: 'EFFECTIVELY_ONCE',
  topicName: topic,
  secrets: { more: planted('of-the-source') },
  configs: { path, format: 'ndjson', pollingInterval: 200 },
  ...more,
});

/** A delivery from a growing file through a topic into a table: source and sink have its name; disposing of it deletes both. */
export class Delivery implements AsyncDisposable {
  readonly name: string;
  readonly input = join(newFolder(), 'input.ndjson');
  readonly topic = newTopic();
  readonly #cloud: Cloud;

  private constructor(cloud: Cloud, name: string) {
    this.#cloud = cloud;
    this.name = name;
  }

  /** Creates sink `<name>-out` and source `<name>-in`; neither the file nor the table need exist. */
  static async create(
    cloud: Cloud,
    name: string,
    table: Pick<Table, 'configs'>,
    { source = {}, sink = {} }: { readonly source?: object; readonly sink?: object } = {},
  ): Promise<Delivery> {
    const delivery = new Delivery(cloud, name);
    await cloud.create('sink', delivery.sink, sinkConfig(table, delivery.topic, sink));
    await cloud.create('source', delivery.source, sourceConfig(delivery.input, delivery.topic, source));
    return delivery;
  }

  get source(): string {
    return `${this.name}-in`;
  }

  get sink(): string {
    return `${this.name}-out`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#cloud.remove('source', this.source), this.#cloud.remove('sink', this.sink)]);
  }
}

/** Waits until `count` rows arrived. */
export const untilArrived = async (table: Table, count: number, limitMs?: number): Promise<void> => {
  let last = -1;
  const look = () => {
    last = table.count();
    return last >= count;
  };
  await until(`${count} rows arrived`, look, limitMs).catch((error: Error) => {
    throw new Error(`${error.message}: there are ${last}`);
  });
};

/** Waits until neither the broker has anything left for the sink, nor a row was added meanwhile: what must not follow would have. */
export const untilDrained = async (
  { adminUrl }: BrokerAddress,
  topic: string,
  sink: string,
  limitMs?: number,
): Promise<void> => {
  const path = topic.replace('://', '/');
  await until(
    `nothing of ${topic} waits for ${sink}`,
    async () => {
      const ask = (stats: string) => fetch(`${adminUrl}/admin/v2/${path}/${stats}`);
      const plain = await ask('stats');
      const response = plain.ok ? plain : await ask('partitioned-stats');
      if (!response.ok) return false;
      const { subscriptions } = (await response.json()) as { subscriptions: Record<string, { msgBacklog: number }> };
      return subscriptions[`public/default/${sink}`]?.msgBacklog === 0;
    },
    limitMs,
  );
};
