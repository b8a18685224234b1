import { randomUUID } from 'node:crypto';
import { catalogueOf } from '../../../src/connectors/catalogue-of.ts';
import { eventbridgeSource } from '../../../src/connectors/eventbridge/source.ts';
import { firehoseSource } from '../../../src/connectors/firehose/source.ts';
import { httpSource } from '../../../src/connectors/http/source.ts';
import { s3Source } from '../../../src/connectors/s3/source.ts';
import { sqsSource } from '../../../src/connectors/sqs/source.ts';
import { systemClock } from '../../../src/core/clock.ts';
import {
  type CommonConfig,
  type Connector,
  type SinkConfig,
  type SinkConnector,
  type SourceConfig,
  type SourceConnector,
  subscriptionOf,
} from '../../../src/core/connector.ts';
import { flowOptions } from '../../../src/core/flow-options.ts';
import type { Guarantee } from '../../../src/core/guarantee.ts';
import type { InboxStore } from '../../../src/core/inbox.ts';
import { NEW_STATUS } from '../../../src/core/instance-status.ts';
import type { ItemStore } from '../../../src/core/item-store.ts';
import type { OutgoingMessage } from '../../../src/core/messaging.ts';
import type { SourceProgress } from '../../../src/core/progress.ts';
import type { PulsarAdmin } from '../../../src/core/pulsar-admin.ts';
import { RunCounters } from '../../../src/core/run-counters.ts';
import { SecretValues } from '../../../src/core/secret-values.ts';
import { tokensOf } from '../../../src/core/token.ts';
import { GUARANTEE_KEEPERS } from '../../../src/delivery/pipeline.ts';
import type { BrokerOptions } from '../../../src/emulator/broker/index.ts';
import { createPulsarAdmin } from '../../../src/pulsar/admin/index.ts';
import { openSession } from '../../../src/pulsar/session.ts';
import { Leftovers } from '../../../src/runtime/leftovers.ts';
import { Pace } from '../../../src/runtime/pace.ts';
import { RunControl } from '../../../src/runtime/run-control.ts';
import type { RunContext, RunDeps, WorkEnd } from '../../../src/runtime/run-deps.ts';
import { DEFAULT_RUN_SETTINGS } from '../../../src/runtime/run-settings.ts';
import { sinkWork } from '../../../src/runtime/sink-run.ts';
import { sourceWork } from '../../../src/runtime/source-run.ts';
import { checkpointStore } from '../../../src/stores/checkpoints.ts';
import { inboxStore } from '../../../src/stores/inbox.ts';
import { leaseStore } from '../../../src/stores/leases.ts';
import { openItemStore } from '../../../src/stores/open.ts';
import { registry } from '../../../src/stores/registry.ts';
import { triggerStore } from '../../../src/stores/triggers.ts';
import { TestBroker } from '../../emulator/broker/test-broker.ts';
import { AwakeClock } from './awake-clock.ts';
import { ListSystem } from './list-source.ts';
import { MemoryBucket } from './memory-bucket.ts';
import { MemoryQueue } from './memory-queue.ts';
import { MemoryTarget } from './memory-target.ts';
import { Fate, type Watch, watchPorts } from './ports.ts';

const COMMON: Omit<CommonConfig, 'processingGuarantees' | 'name'> = {
  tenant: 'public',
  namespace: 'default',
  configs: {},
  parallelism: 1,
  resources: { cpu: 1, ram: 1, disk: 1 },
};

const connectorBase = (type: string) => ({
  uid: randomUUID().slice(0, 8),
  type,
  generation: 1,
  instanceStates: {},
  restarts: {},
  createdAtMs: 0,
  updatedAtMs: 0,
});

/** A source that publishes a list to `topicName`. */
export const listSource = (
  topicName: string,
  processingGuarantees: Guarantee = 'EFFECTIVELY_ONCE',
  config: Partial<SourceConfig> = {},
): SourceConnector => ({
  ...connectorBase('list'),
  kind: 'source',
  config: { ...COMMON, name: 'in', processingGuarantees, topicName, producerConfig: {}, ...config },
});

/** A source that publishes the test's queue to `topicName`. */
export const queueSource = (
  topicName: string,
  processingGuarantees: Guarantee = 'EFFECTIVELY_ONCE',
  config: Partial<SourceConfig> = {},
): SourceConnector => ({ ...listSource(topicName, processingGuarantees, config), type: 'queue' });

/** A source that publishes the tasks of the test's bucket to `topicName`. */
export const batchSource = (
  topicName: string,
  processingGuarantees: Guarantee = 'EFFECTIVELY_ONCE',
  config: Partial<SourceConfig> = {},
): SourceConnector => ({ ...listSource(topicName, processingGuarantees, config), type: 'bucket' });

/** A sink that writes `topic` into the test's target. */
export const memorySink = (
  topic: string,
  type: 'transactional' | 'versioned' | 'plain' = 'transactional',
  processingGuarantees: Guarantee = 'EFFECTIVELY_ONCE',
  config: Partial<SinkConfig> = {},
): SinkConnector => ({
  ...connectorBase(type),
  kind: 'sink',
  config: {
    ...COMMON,
    name: 'out',
    processingGuarantees,
    inputSpecs: {
      [topic]: { regexPattern: false, schemaProperties: {}, consumerProperties: {}, poolMessages: false },
    },
    sourceSubscriptionPosition: 'Earliest',
    retainOrdering: false,
    retainKeyOrdering: false,
    autoAck: true,
    cleanupSubscription: true,
    ...config,
  },
});

/** The same connector after an update. */
export const updated = <C extends Connector>(connector: C, config: Partial<C['config']> = {}): C => ({
  ...connector,
  generation: connector.generation + 1,
  config: { ...connector.config, ...config },
});

/** Epoch of the last lease, as all worlds count them. */
let epoch = 0;

/** The admin API of a broker that may be started again at another port. */
const adminOf = (broker: TestBroker): PulsarAdmin =>
  new Proxy({} as PulsarAdmin, {
    get: (_, name) => Reflect.get(createPulsarAdmin({ url: broker.running.adminUrl }), name),
  });

/** A message as a reader of a topic sees it. */
export interface ReadMessage {
  readonly text: string;
  readonly key: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly producerName: string;
  readonly schemaVersion: Uint8Array | undefined;
}

/** What one attempt may be given. */
export interface AttemptOptions {
  readonly watch?: Watch;
  readonly instance?: number;
  readonly control?: RunControl;
  readonly deps?: Partial<RunDeps>;
}

/** A broker, a store, a source system and a target in one process, and attempts of runs over them. */
export class World implements AsyncDisposable {
  readonly broker: TestBroker;
  readonly list = new ListSystem();
  readonly queue = new MemoryQueue();
  readonly bucket = new MemoryBucket();
  readonly target = new MemoryTarget();
  readonly deps: RunDeps;
  /** Wall clock of the leases is ahead by this much. */
  leaseClockAheadMs = 0;
  readonly #items: ItemStore;
  readonly #clock = new AwakeClock();

  private constructor(broker: TestBroker, items: ItemStore) {
    this.broker = broker;
    this.#items = items;
    const clock = { ...systemClock, nowMs: () => Date.now() + this.leaseClockAheadMs };
    this.deps = {
      clock: this.#clock,
      registry: registry(items, { shards: 1 }),
      leases: leaseStore(items, { clock, ttlMs: 60_000, maxSkewMs: 0 }),
      checkpoints: checkpointStore(items),
      inbox: inboxStore(items),
      triggers: triggerStore(items),
      catalogue: catalogueOf(
        [this.target.type('transactional'), this.target.type('versioned'), this.target.type('plain')],
        [
          ...[this.list.type, this.queue.type, this.bucket.type],
          ...[eventbridgeSource, firehoseSource, httpSource, s3Source, sqsSource],
        ],
      ),
      openSession: (signal) => openSession({ serviceUrl: broker.running.serviceUrl, ...(signal && { signal }) }),
      pulsar: adminOf(broker),
      invokeRun: async () => undefined,
      guarantees: GUARANTEE_KEEPERS,
      settings: {
        ...DEFAULT_RUN_SETTINGS,
        leaseTtlMs: 60_000,
        idleMs: 40,
        lingerMs: 1,
        tailStableMs: 20,
        backoff: { firstMs: 1, maxMs: 4 },
      },
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      fetch,
      resolveSecret: async ({ name }) => `value of ${name}`,
      newRunId: randomUUID,
      random: () => 0.5,
      leftovers: new Leftovers(),
    };
  }

  static async start(options: Partial<BrokerOptions> = {}): Promise<World> {
    const broker = await TestBroker.start({ livenessCheckMs: 20_000, ...options });
    return new World(broker, await openItemStore('sqlite::memory:'));
  }

  /** The inbox as a receiver sees it whose clock is ahead by so much. */
  inboxAhead(aheadMs: number): InboxStore {
    return inboxStore(this.#items, { clock: { ...systemClock, nowMs: () => Date.now() + aheadMs } });
  }

  /** A topic whose messages a subscription keeps for {@link read}. */
  async newTopic({ partitions = 0, isKept = true } = {}): Promise<string> {
    const local = `t-${randomUUID().slice(0, 8)}`;
    const path = `/admin/v2/persistent/public/default/${local}`;
    if (partitions > 0) await this.broker.admin('PUT', `${path}/partitions`, partitions);
    else await this.broker.admin('PUT', path);
    const earliest = { ledgerId: -1, entryId: -1, partitionIndex: -1 };
    if (isKept) await this.broker.admin('PUT', `${path}/subscription/keeper`, earliest);
    return `persistent://public/default/${local}`;
  }

  /** Path of a topic in the broker's admin API. */
  pathOf(topic: string): string {
    return `/admin/v2/${topic.replace('://', '/')}`;
  }

  /** Switches deduplication of a topic off and on: the broker forgets every producer name (T3). */
  async forgetNames(topic: string): Promise<void> {
    await this.setDeduplication(topic, false);
    await this.setDeduplication(topic, true);
  }

  async setDeduplication(topic: string, isEnabled: boolean): Promise<void> {
    await this.broker.admin('POST', `${this.pathOf(topic)}/deduplicationEnabled`, isEnabled);
  }

  /** Runs one attempt of a connector to its end, or to where `watch` crashes it. */
  async attempt(
    connector: Connector,
    { watch = () => undefined, instance = 0, control = new RunControl(), deps: more }: AttemptOptions = {},
  ): Promise<WorkEnd> {
    const fate = new Fate(watch);
    const deps = watchPorts({ ...this.deps, ...more }, fate.watch);
    const context = this.#context(connector, instance, control, deps);
    const session = await deps.openSession(control.signal);
    try {
      return await (connector.kind === 'source' ? sourceWork : sinkWork)(context, session);
    } catch (error) {
      throw fate.crash ?? error;
    } finally {
      session.destroy();
    }
  }

  /** Runs attempts of a sink until nothing waits for it: on a loaded machine one may be idle before the first message comes. */
  async drain(sink: SinkConnector, options: AttemptOptions = {}): Promise<void> {
    for (let attempts = 0; attempts < 50; attempts++) {
      await this.attempt(sink, options);
      if ((await this.backlog(sink)) === 0) return;
    }
    throw new Error('messages still wait after 50 attempts');
  }

  /** Messages that wait for a sink, in all its topics. */
  async backlog({ config }: SinkConnector): Promise<number> {
    const topics = Object.keys(config.inputSpecs);
    const stats = await Promise.all(topics.map((topic) => this.deps.pulsar?.topicStats(topic)));
    return stats.reduce((sum, one) => sum + (one?.subscriptions[subscriptionOf(config)]?.msgBacklog ?? 0), 0);
  }

  #context(connector: Connector, instance: number, control: RunControl, deps: RunDeps): RunContext {
    epoch += 1;
    const { generation } = connector;
    const flow = flowOptions(connector.config);
    const counters = new RunCounters(NEW_STATUS, deps.clock);
    return {
      deps,
      connector,
      instance,
      generation,
      nextToken: tokensOf(generation, epoch),
      control,
      counters,
      secrets: new SecretValues(),
      pace: new Pace({ clock: deps.clock, flow, parallelism: connector.config.parallelism }),
    };
  }

  /** Everything that a topic holds, read from its start. */
  async read(topic: string, partitions = 0): Promise<ReadMessage[]> {
    const session = await this.deps.openSession();
    const names = partitions === 0 ? [topic] : Array.from({ length: partitions }, (_, i) => `${topic}-partition-${i}`);
    const messages: ReadMessage[] = [];
    for (const name of names) {
      const reader = await session.consumer({
        topic: name,
        subscription: `reader-${randomUUID()}`,
        subscriptionType: 'Exclusive',
        initialPosition: 'Earliest',
        receiverQueueSize: 1000,
        durable: false,
        startMessageId: { ledgerId: -1, entryId: -1, batchIndex: -1 },
      });
      const { last } = await reader.lastMessageId();
      for (let isDone = last.entryId < 0; !isDone; ) {
        const page = await reader.receiveBatch({ maxMessages: 1000, lingerMs: 0, waitMs: 1000 });
        for (const { value, key, properties, producerName, schemaVersion } of page)
          messages.push({ text: value?.toString() ?? '', key, properties, producerName, schemaVersion });
        const position = page.at(-1)?.messageId;
        isDone =
          position?.ledgerId === last.ledgerId &&
          position.entryId === last.entryId &&
          (position.batchSize === undefined || position.batchIndex === position.batchSize - 1);
      }
    }
    await session.close();
    return messages;
  }

  /** Texts of everything that a topic holds. */
  async texts(topic: string, partitions = 0): Promise<string[]> {
    return (await this.read(topic, partitions)).map(({ text }) => text);
  }

  /** Publishes texts, all of them as one entry, or each as its own. */
  async publish(
    topic: string,
    texts: readonly string[],
    { asOne = false, keys }: { asOne?: boolean; keys?: readonly string[] } = {},
  ): Promise<void> {
    const session = await this.deps.openSession();
    const producer = await session.producer({ topic });
    const messages = texts.map((text, sequenceId): OutgoingMessage => {
      const key = keys?.[sequenceId];
      return { value: Buffer.from(text), sequenceId, ...(key !== undefined && { key }) };
    });
    if (asOne) await producer.sendEntry(messages);
    else for (const message of messages) await producer.sendEntry([message]);
    await session.close();
  }

  /** Stored progress of a source partition. */
  async progress({ uid }: Connector, partition: string): Promise<SourceProgress | undefined> {
    return (await this.deps.checkpoints.read<SourceProgress>(uid, partition))?.progress;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#clock[Symbol.dispose]();
    await this.broker[Symbol.asyncDispose]();
    await this.#items.close();
  }
}

/** `n` texts: `r0`, `r1`, … */
export const texts = (n: number, from = 0): string[] => Array.from({ length: n }, (_, index) => `r${from + index}`);
