import { catalogueOf } from '../../../src/connectors/catalogue-of.ts';
import { type Answer, createControlPlane } from '../../../src/control-plane/index.ts';
import type { Catalogue, SinkType, SourceType } from '../../../src/core/connector-type.ts';
import type { Logger } from '../../../src/core/logger.ts';
import type { EventMappings } from '../../../src/core/queue-triggers.ts';
import type { Guarantees } from '../../../src/delivery/pipeline.ts';
import { dispatch } from '../../../src/dispatcher/dispatch.ts';
import { queueTriggers } from '../../../src/dispatcher/queue-triggers.ts';
import { Leftovers } from '../../../src/runtime/leftovers.ts';
import type { RunDeps } from '../../../src/runtime/run-deps.ts';
import { DEFAULT_RUN_SETTINGS, type RunSettings } from '../../../src/runtime/run-settings.ts';
import { checkpointStore } from '../../../src/stores/checkpoints.ts';
import { inboxStore } from '../../../src/stores/inbox.ts';
import { leaseStore } from '../../../src/stores/leases.ts';
import { registry } from '../../../src/stores/registry.ts';
import { triggerStore } from '../../../src/stores/triggers.ts';
import { eventOf, type TestRequest } from '../../control-plane/requests.ts';
import { Broker } from './broker/broker.ts';
import { Dice } from './dice.ts';
import { type Fault, Faults } from './fault.ts';
import { SimulatedTable } from './item-store.ts';
import { Lambda, type Sandbox } from './lambda.ts';
import { unavailable } from './platform-failure.ts';
import { Process, type Surroundings } from './process.ts';
import { adminFor } from './pulsar-admin.ts';
import { Timeline } from './timeline.ts';

/** Times of a simulated deployment: shorter than the defaults, in the same relations. */
export const SIMULATED_SETTINGS: RunSettings = {
  ...DEFAULT_RUN_SETTINGS,
  heartbeatMs: 1_000,
  leaseTtlMs: 6_000,
  maxSkewMs: 1_000,
  leaseMarginMs: 1_500,
  idleMs: 1_500,
  handOverLeadMs: 5_000,
  stopMarginMs: 2_500,
  abortMarginMs: 800,
  handOverWaitMs: 8_000,
  backoff: { firstMs: 100, maxMs: 4_000 },
  maxWaitInRunMs: 1_000,
  maxBatchRecords: 7,
  tailStableMs: 3_000,
};

const DISPATCH_EVERY_MS = 3_000;
const MAX_SKEW_MS = 500;
const BROKER_STARTS_IN_MS = 1_500;

/** Subscription of whoever reads what a source publishes. */
export const KEEPER = 'keeper';

/** What a simulation consists of besides what all have. */
export interface CloudOptions {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly lambdaTimeoutMs: number;
  readonly dispatchers: number;
  readonly guarantees: Guarantees;
  readonly settings?: Partial<RunSettings>;
  readonly keepsTrace?: boolean;
  /** Connector types as a process opens them. */
  typesFor(process: Process): { readonly sinks: readonly SinkType[]; readonly sources: readonly SourceType[] };
  /** Lambda's event source mappings as a process sees them; undefined: nothing triggers a source. */
  mappingsFor(process: Process): EventMappings | undefined;
}

/** A whole deployment in one process under one seed: broker, table, platform, dispatcher and admin API, with the product's own code between them. */
export class Cloud implements Surroundings {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly faults: Faults;
  readonly broker: Broker;
  readonly table: SimulatedTable;
  /** The function of runs. */
  readonly lambda: Lambda;
  /** The function that events and requests from outside call. */
  readonly events: Lambda;
  readonly settings: RunSettings;
  /** Processes that died, so far. */
  deaths = 0;
  /** What runs said, in the order in which they said it. */
  readonly logs: string[] = [];
  /** Not before then has everything that a fault delayed happened. */
  quietAtMs = 0;
  readonly #options: CloudOptions;
  #processes = 0;
  #ids = 0;

  constructor(options: CloudOptions) {
    this.#options = options;
    this.timeline = new Timeline({ keepsLines: options.keepsTrace === true });
    this.dice = new Dice(options.seed);
    this.faults = new Faults(options.faults);
    this.table = new SimulatedTable(this);
    this.broker = new Broker(this);
    this.settings = { ...SIMULATED_SETTINGS, ...options.settings };
    const { lambdaTimeoutMs: timeoutMs } = options;
    this.lambda = new Lambda({ surroundings: this, timeoutMs, newSandbox: () => this.#newSandbox('run') });
    this.events = new Lambda({ surroundings: this, timeoutMs, newSandbox: () => this.#newSandbox('event') });
    for (let dispatcher = 0; dispatcher < options.dispatchers; dispatcher++) this.#dispatchFrom(dispatcher);
  }

  strikeWorld({ kind, ms }: Fault, struck: Process): void {
    this.quietAtMs = Math.max(this.quietAtMs, this.timeline.nowMs + 11 * ms + 1_000);
    if (kind === 'broker-restart') this.broker.restart(BROKER_STARTS_IN_MS);
    else if (kind === 'disconnect') this.broker.disconnectAll();
    else if (kind === 'forget-names') this.broker.forgetNames();
    else if (kind === 'toggle-deduplication') this.broker.toggleDeduplication(ms);
    else if (kind === 'trim') this.#trim();
    else if (kind === 'storage-failure') this.broker.failStorage();
    else if (kind === 'clock-jump') struck.jumpClock(ms);
  }

  /** Readers of the topic have taken everything; what is not guarded goes. */
  #trim(): void {
    for (const topic of this.broker.topics.values()) topic.subscriptions.get(KEEPER)?.ackThrough(topic.log.length - 1);
    this.broker.trim();
  }

  /** A process whose wall clock is wrong by a little. */
  newProcess(name: string): Process {
    const skewMs = this.dice.integer(2 * MAX_SKEW_MS) - MAX_SKEW_MS;
    const process = new Process(this, `${name}-${this.#processes++}`, skewMs);
    process.onDeath(() => {
      this.deaths += 1;
    });
    return process;
  }

  #stores(process: Process) {
    const { clock } = process;
    const items = this.table.portOf(process);
    const { leaseTtlMs, maxSkewMs } = this.settings;
    const random = this.dice.next;
    return {
      registry: registry(items, { shards: 1, clock }),
      leases: leaseStore(items, { clock, ttlMs: leaseTtlMs, maxSkewMs, random }),
      checkpoints: checkpointStore(items, { clock, random }),
      inbox: inboxStore(items, { clock, random, newId: () => this.newId() }),
      triggers: triggerStore(items),
    };
  }

  /** What functions of every kind work with. */
  #common(process: Process) {
    const stores = this.#stores(process);
    const catalogue = this.#catalogue(process);
    const mappings = this.#options.mappingsFor(process);
    return {
      ...stores,
      ...(mappings && { queueTriggers: queueTriggers({ ...stores, catalogue, mappings }) }),
      clock: process.clock,
      pulsar: adminFor(this.broker, process),
      catalogue,
      log: this.#logger(process),
      invokeRun: (request: Parameters<RunDeps['invokeRun']>[0]) =>
        process.request({
          port: 'lambda.invoke',
          effect: () => this.lambda.accept(request),
          failure: unavailable,
        }),
    };
  }

  #catalogue(process: Process): Catalogue {
    const { sinks, sources } = this.#options.typesFor(process);
    return catalogueOf(sinks, sources);
  }

  #logger({ name }: Process): Logger {
    const say = (message: string, fields: object = {}) => {
      const line = `${name} ${message} ${JSON.stringify(fields)}`;
      this.logs.push(`${this.timeline.nowMs} ${line}`);
      this.timeline.note(line);
    };
    return { debug: () => undefined, info: say, warn: say, error: say };
  }

  #newSandbox(name: string): Sandbox {
    const process = this.newProcess(name);
    const deps: RunDeps = {
      ...this.#common(process),
      openSession: this.broker.clientOf(process),
      guarantees: this.#options.guarantees,
      settings: this.settings,
      fetch: () => Promise.reject(new Error('nothing outside is simulated')),
      resolveSecret: () => Promise.reject(new Error('nothing here is secret')),
      newRunId: () => this.newId(),
      random: this.dice.next,
      leftovers: new Leftovers(),
    };
    return { process, deps };
  }

  /** An id that was never given before. */
  newId(): string {
    return `id-${this.#ids++}`;
  }

  #dispatchFrom(dispatcher: number): void {
    const tick = () => {
      this.timeline.after(DISPATCH_EVERY_MS, tick);
      const process = this.newProcess('dispatcher');
      const deps = { ...this.#common(process), maxSkewMs: this.settings.maxSkewMs };
      dispatch(deps, [0], new AbortController().signal).catch((error: unknown) =>
        this.timeline.note(`dispatcher failed: ${String(error)}`),
      );
    };
    this.timeline.after(500 + (dispatcher * DISPATCH_EVERY_MS) / 2, tick);
  }

  /** One request to the admin API, by a function of its own; never answered when that dies. */
  admin(request: TestRequest): Promise<Answer> {
    const process = this.newProcess('admin');
    const deps = {
      ...this.#common(process),
      newUid: () => this.newId(),
      workerId: 'worker',
      inspect: async () => ({ findings: [] }),
      onError: (error: unknown) => this.timeline.note(`admin: ${String(error)}`),
    };
    return createControlPlane(deps)(eventOf(request), new AbortController().signal);
  }
}
