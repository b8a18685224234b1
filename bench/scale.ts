import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SinkConnector } from '../src/core/connector.ts';
import { NEW_STATUS } from '../src/core/instance-status.ts';
import type { ItemStore, StoredItem } from '../src/core/item-store.ts';
import { dispatch } from '../src/dispatcher/dispatch.ts';
import { inboxStore } from '../src/stores/inbox.ts';
import { leaseStore } from '../src/stores/leases.ts';
import { openItemStore } from '../src/stores/open.ts';
import { registry } from '../src/stores/registry.ts';
import { SINK, startControlPlane, testCatalogue } from '../test/control-plane/harness.ts';
import { memorySink } from '../test/runtime/kit/world.ts';
import { type Figure, median } from './report.ts';

const FEW = 1_000;
const MANY = 100_000;
/** Connectors of one namespace. */
const PER_NAMESPACE = 100;
const CALLS = 50;
/** DynamoDB counts a read in steps of this; a consistent one is one unit a step, any other half of it. */
const READ_UNIT_BYTES = 4096;

/** Admin calls and a dispatcher tick with 1,000 and with 100,000 idle sinks registered: what grows, and what stays flat. */
export const scaleFigures = async (rounds: number): Promise<Figure[]> => {
  // The first is measured before the code is warm, and thrown away.
  await measure(FEW, 1);
  const few = await measure(FEW, rounds);
  const many = await measure(MANY, rounds);
  const calls = (['get', 'list', 'create'] as const).flatMap((call) => [
    { name: `${call}, ${FEW} connectors`, value: few[call], unit: 'µs' },
    {
      name: `${call}, ${MANY} connectors`,
      value: many[call],
      unit: 'µs',
      ratio: { to: `${FEW} connectors`, value: many[call] / few[call] },
    },
  ]);
  const perThousand = MANY / 1_000;
  return [
    ...calls,
    { name: 'tick, per 1,000 connectors', value: few.tickMs, unit: 'ms' },
    {
      name: `tick with ${MANY}, per 1,000 connectors`,
      value: many.tickMs / perThousand,
      unit: 'ms',
      ratio: { to: `${FEW} connectors`, value: many.tickMs / perThousand / few.tickMs },
    },
    { name: 'store requests of a tick, per 1,000 connectors', value: many.requests / perThousand, unit: 'requests' },
    { name: 'DynamoDB read units of a tick, per 1,000 connectors', value: many.readUnits / perThousand, unit: 'units' },
  ];
};

const measure = async (connectors: number, rounds: number) => {
  const folder = mkdtempSync(join(tmpdir(), 'pio-scale-'));
  const items = await openItemStore(`sqlite:${join(folder, 'store.db')}`);
  const counted = new CountedStore(items);
  const [registered, leases] = [registry(counted), leaseStore(counted)];
  for (let index = 0; index < connectors; index++) {
    const sink = idleSink(index);
    await registered.create(sink);
    await leases.release(await leases.acquire(sink.uid, 0, 'r'), { ...NEW_STATUS, phase: 'idle', generation: 1 });
  }
  const api = await startControlPlane({ registry: registered, leases, newUid: randomUUID }, { withPulsar: false });
  const path = 'sinks/public/default-0';
  const timed = async (call: (index: number) => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    for (let index = 0; index < CALLS * rounds; index++) {
      const beganMs = performance.now();
      await call(index);
      times.push((performance.now() - beganMs) * 1000);
    }
    return median(times);
  };
  const get = await timed(() => api.get(`${path}/sink-0`));
  const list = await timed(() => api.get(path));
  const create = await timed((index) => api.createSink(`new-${index}`, SINK));
  const ticks: number[] = [];
  for (let round = 0; round < rounds; round++) {
    counted.reset();
    const beganMs = performance.now();
    await tick(counted);
    ticks.push(performance.now() - beganMs);
  }
  await api.close();
  await items.close();
  return { get, list, create, tickMs: median(ticks), requests: counted.requests, readUnits: counted.readUnits };
};

const idleSink = (index: number): SinkConnector => {
  const sink = memorySink(`persistent://public/default/in-${index}`);
  const namespace = `default-${Math.floor(index / PER_NAMESPACE)}`;
  return { ...sink, uid: `uid-${index}`, config: { ...sink.config, namespace, name: `sink-${index}` } };
};

/** A tick that finds no backlog anywhere, and so starts nobody. */
const tick = (items: ItemStore) => {
  const subscriptions = { msgBacklog: 0, consumers: 0, properties: {} };
  const everything = new Proxy({}, { get: () => subscriptions });
  const silent = () => undefined;
  const deps = {
    registry: registry(items),
    leases: leaseStore(items),
    inbox: inboxStore(items),
    catalogue: testCatalogue,
    clock: { nowMs: Date.now, monotonicMs: () => performance.now(), sleep: async () => undefined },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    maxSkewMs: 2_000,
    pulsar: { topicStats: async () => ({ subscriptions: everything }) } as never,
    invokeRun: async () => undefined,
  };
  return dispatch(deps, [...Array(deps.registry.shards).keys()], new AbortController().signal);
};

/** Counts requests and read units as DynamoDB would. */
class CountedStore implements ItemStore {
  readonly #items: ItemStore;
  requests = 0;
  readUnits = 0;

  constructor(items: ItemStore) {
    this.#items = items;
  }

  reset(): void {
    this.requests = 0;
    this.readUnits = 0;
  }

  #count(bytes: number, unitsPerStep: number): void {
    this.readUnits += Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES)) * unitsPerStep;
  }

  get: ItemStore['get'] = async (key, signal) => {
    this.requests += 1;
    const item = await this.#items.get(key, signal);
    this.#count(sizeOf(item), 1);
    return item;
  };

  getMany: ItemStore['getMany'] = async (keys, signal) => {
    this.requests += Math.ceil(keys.length / 100);
    const found = await this.#items.getMany(keys, signal);
    for (const item of found) this.#count(sizeOf(item), 0.5);
    return found;
  };

  query: ItemStore['query'] = async (pk, options, signal) => {
    this.requests += 1;
    const page = await this.#items.query(pk, options, signal);
    this.#count(
      page.items.reduce((sum, item) => sum + sizeOf(item), 0),
      1,
    );
    return page;
  };

  put: ItemStore['put'] = (...call) => this.#items.put(...call);
  delete: ItemStore['delete'] = (...call) => this.#items.delete(...call);
  close: ItemStore['close'] = () => this.#items.close();
}

const sizeOf = (item: StoredItem | undefined): number => (item ? Buffer.byteLength(JSON.stringify(item)) : 0);
