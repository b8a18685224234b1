import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { catalogueOf } from '../src/connectors/catalogue-of.ts';
import type { Connector } from '../src/core/connector.ts';
import { defineQueueSource, type QueueSourceType } from '../src/core/connector-type.ts';
import { GUARANTEES, type Guarantee } from '../src/core/guarantee.ts';
import type { ItemStore } from '../src/core/item-store.ts';
import { checkpointStore } from '../src/stores/checkpoints.ts';
import { inboxStore } from '../src/stores/inbox.ts';
import { openItemStore } from '../src/stores/open.ts';
import type { MemoryTarget } from '../test/runtime/kit/memory-target.ts';
import type { PortCall } from '../test/runtime/kit/ports.ts';
import { listSource, memorySink, queueSource, World } from '../test/runtime/kit/world.ts';
import { type Figure, median } from './report.ts';

const DAY_MS = 86_400_000;
const VALUE = 'x'.repeat(200);
const BATCH = 1_000;

/** What a request takes elsewhere, in milliseconds; only the broker is real, in this process. SQS moves ten messages with a request, of which our connector makes four at once. */
const LATENCY = { store: 5, queuePerRequest: 10, targetPerBatch: 25 };
const QUEUE_REQUEST = 40;

/** One route: its records, and how they are put before the connector. */
interface Route {
  readonly records: number;
  /** The port whose calls are the batches. */
  readonly batchPort: RegExp;
  prepare(
    world: World,
    topic: string,
    guarantee: Guarantee,
  ): Promise<{ connector: Connector; queue?: QueueSourceType }>;
}

const ROUTES: Readonly<Record<string, Route>> = {
  log: {
    records: 100_000,
    batchPort: /^producer\.sendEntry$/,
    prepare: async (world, topic, guarantee) => {
      world.list.pageRecords = BATCH;
      world.list.add('p', ...values(100_000));
      return { connector: listSource(topic, guarantee) };
    },
  },
  queue: {
    records: 10_000,
    batchPort: /^queue\.settle$/,
    prepare: async (_, topic, guarantee) => ({ connector: queueSource(topic, guarantee), queue: queueOf(10_000) }),
  },
  transactional: sinkRoute('transactional'),
  versioned: sinkRoute('versioned'),
};

const values = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n} ${VALUE}`);

function sinkRoute(type: 'transactional' | 'versioned'): Route {
  return {
    records: 50_000,
    batchPort: /^sink\.(write|transact)$/,
    prepare: async (world, topic, guarantee) => {
      world.target.maxBatchRecords = BATCH;
      const texts = values(50_000);
      for (let from = 0; from < texts.length; from += 500)
        await world.publish(topic, texts.slice(from, from + 500), { asOne: true });
      return { connector: memorySink(topic, type, guarantee) };
    },
  };
}

/** A queue that gives so many messages. */
const queueOf = (count: number): QueueSourceType => {
  let given = 0;
  return defineQueueSource({
    name: 'queue',
    summary: 'Gives what a benchmark needs',
    className: 'BenchQueueSource',
    guarantees: GUARANTEES,
    config: Type.Object({}),
    isOrdered: () => false,
    rememberMs: () => 15 * DAY_MS,
    pollIntervalMs: () => 60_000,
    trigger: () => undefined,
    messagesOf: () => [],
    open: async () => ({
      hiddenMs: 30_000,
      retentionMs: DAY_MS,
      receive: async (max) => {
        const first = given;
        given = Math.min(count, given + max);
        await sleep(queueMs(given - first));
        return Array.from({ length: given - first }, (_, index) => {
          const id = `m${first + index}`;
          return { id, receipt: id, record: { value: `${id} ${VALUE}` } };
        });
      },
      settle: async (receipts) => sleep(queueMs(receipts.length)),
      extend: async () => undefined,
      close: async () => undefined,
    }),
  });
};

const queueMs = (messages: number): number => LATENCY.queuePerRequest * Math.ceil(messages / QUEUE_REQUEST);

/** What one run of a route showed. */
interface Seen {
  readonly perSecond: number;
  readonly writesPerBatch: number;
}

const measure = async (route: Route, guarantee: Guarantee): Promise<Seen> => {
  const world = await World.start();
  const items = await openItemStore('sqlite::memory:');
  const counted = new DistantStore(items);
  const topic = await world.newTopic({ isKept: false });
  const { connector, queue } = await route.prepare(world, topic, guarantee);
  let batches = 0;
  let endMs = 0;
  const watch = async ({ name, phase }: PortCall) => {
    if (phase === 'before' && /^sink\.(write|transact)$/.test(name)) await sleep(LATENCY.targetPerBatch);
    if (phase === 'before' || name.startsWith('session.') || name.startsWith('consumer.receive')) return;
    if (route.batchPort.test(name)) batches += 1;
    endMs = performance.now();
  };
  const target = world.target as MemoryTarget;
  const deps = {
    checkpoints: checkpointStore(counted),
    inbox: inboxStore(counted),
    ...(queue && { catalogue: catalogueOf([target.type('plain')], [queue]) }),
    settings: { ...world.deps.settings, idleMs: 10, lingerMs: 5 },
  };
  const startMs = performance.now();
  await world.attempt(connector, { watch, deps });
  await world[Symbol.asyncDispose]();
  await items.close();
  return { perSecond: route.records / ((endMs - startMs) / 1_000), writesPerBatch: counted.writes / batches };
};

/** Every route under ATLEAST_ONCE and EFFECTIVELY_ONCE, rounds interleaved: what the guarantee costs. */
export const guaranteeFigures = async (rounds: number): Promise<Figure[]> => {
  const figures: Figure[] = [];
  for (const [name, route] of Object.entries(ROUTES)) {
    const seen = { ATLEAST_ONCE: [] as Seen[], EFFECTIVELY_ONCE: [] as Seen[] };
    for (let round = -1; round < rounds; round++) {
      for (const guarantee of ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const) {
        const one = await measure(route, guarantee);
        // The first is measured before the code is warm.
        if (round >= 0) seen[guarantee].push(one);
      }
    }
    const rate = (guarantee: keyof typeof seen) => median(seen[guarantee].map(({ perSecond }) => perSecond));
    const writes = median(seen.EFFECTIVELY_ONCE.map(({ writesPerBatch }) => writesPerBatch));
    const [peer, exact] = [rate('ATLEAST_ONCE'), rate('EFFECTIVELY_ONCE')];
    figures.push(
      { name: `${name}, ATLEAST_ONCE`, value: peer, unit: 'records/s' },
      {
        name: `${name}, EFFECTIVELY_ONCE`,
        value: exact,
        unit: 'records/s',
        ratio: { to: 'ATLEAST_ONCE', value: exact / peer },
      },
      { name: `${name}, EFFECTIVELY_ONCE, store writes per batch of ${BATCH}`, value: writes, unit: 'writes' },
    );
  }
  return figures;
};

/** Counts what is written, and answers as late as a store elsewhere. */
class DistantStore implements ItemStore {
  readonly #items: ItemStore;
  writes = 0;

  constructor(items: ItemStore) {
    this.#items = items;
  }

  async #far<T>(ask: () => Promise<T>): Promise<T> {
    await sleep(LATENCY.store);
    return ask();
  }

  #write<T>(ask: () => Promise<T>): Promise<T> {
    this.writes += 1;
    return this.#far(ask);
  }

  get: ItemStore['get'] = (...call) => this.#far(() => this.#items.get(...call));
  getMany: ItemStore['getMany'] = (...call) => this.#far(() => this.#items.getMany(...call));
  query: ItemStore['query'] = (...call) => this.#far(() => this.#items.query(...call));
  put: ItemStore['put'] = (...call) => this.#write(() => this.#items.put(...call));
  delete: ItemStore['delete'] = (...call) => this.#write(() => this.#items.delete(...call));
  close: ItemStore['close'] = () => this.#items.close();
}
