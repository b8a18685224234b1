import { Type } from '@sinclair/typebox';
import { catalogue as realCatalogue } from '../../src/connectors/catalogue.ts';
import { catalogueOf } from '../../src/connectors/catalogue-of.ts';
import { type Answer, type ControlPlaneDeps, createControlPlane } from '../../src/control-plane/index.ts';
import type { Clock } from '../../src/core/clock.ts';
import { type Catalogue, defineSink } from '../../src/core/connector-type.ts';
import type { ItemStore } from '../../src/core/item-store.ts';
import type { CursorTarget, PeekedMessage, PulsarAdmin, TopicStats } from '../../src/core/pulsar-admin.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { checkpointStore } from '../../src/stores/checkpoints.ts';
import { inboxStore } from '../../src/stores/inbox.ts';
import { leaseStore } from '../../src/stores/leases.ts';
import { openItemStore } from '../../src/stores/open.ts';
import { registry } from '../../src/stores/registry.ts';
import { secretWatch } from '../kit/planted.ts';
import { eventOf, type TestPart, type TestRequest } from './requests.ts';

/** A sink type with the keys and classes of Pulsar's http sink: at least once, or exactly once with an idempotency key. */
export const httpSink = defineSink({
  name: 'http',
  summary: 'Writes data to an HTTP server (Webhook)',
  className: 'org.apache.pulsar.io.http.HttpSink',
  configClassName: 'org.apache.pulsar.io.http.HttpSinkConfig',
  guarantees: ['ATLEAST_ONCE', 'ATMOST_ONCE', 'EFFECTIVELY_ONCE'],
  accepts: 'bytes',
  config: Type.Object(
    {
      url: Type.String({ default: 'http://localhost', description: 'The URL of the HTTP server' }),
      headers: Type.Optional(
        Type.Record(Type.String(), Type.String(), {
          description: 'The list of default headers added to each request',
        }),
      ),
      timeoutMs: Type.Optional(Type.Integer({ minimum: 1, description: 'Of one request' })),
      token: Type.Optional(Type.String({ secret: true, description: 'Bearer token' })),
      idempotencyHeader: Type.Optional(Type.String({ description: 'Header that carries the id of the record' })),
    },
    { additionalProperties: false },
  ),
  check: ({ idempotencyHeader }, guarantee) =>
    guarantee === 'EFFECTIVELY_ONCE' && !idempotencyHeader
      ? [
          {
            path: '/configs/idempotencyHeader',
            message: 'is needed: name the header by which the server knows a repeated request',
          },
        ]
      : [],
  open: () => Promise.reject(new Error('not opened in these tests')),
});

/** The product's catalogue with Pulsar's http sink, which it does not have yet. */
export const testCatalogue: Catalogue = catalogueOf(
  [...realCatalogue.sinks.filter(({ name }) => name !== 'http'), httpSink],
  realCatalogue.sources,
);

/** A clock that stands still until someone sleeps. */
export const manualClock = (): Clock & { advance(ms: number): void } => {
  let now = 1_800_000_000_000;
  const advance = (ms: number) => {
    now += ms;
  };
  return { nowMs: () => now, monotonicMs: () => now, sleep: async (ms) => advance(ms), advance };
};

/** A Pulsar cluster in memory, as far as the admin API looks at it. */
export class FakePulsar implements PulsarAdmin {
  readonly tenants = new Map<string, Set<string>>([['public', new Set(['public/default'])]]);
  readonly existing = new Map<string, Map<string, Record<string, string>>>();
  readonly deleted: { topic: string; subscription: string; force: boolean }[] = [];
  readonly created: string[] = [];
  readonly resets: { topic: string; subscription: string; to: CursorTarget }[] = [];
  /** Messages that a subscription did not acknowledge. */
  readonly held = new Map<string, PeekedMessage[]>();
  state: 'enabled' | 'disabled' | 'unknown' = 'enabled';
  failure: Error | undefined;

  readonly admins = new Map<string, string[]>();
  readonly granted = new Map<string, Record<string, string[]>>();

  async tenantAdmins(tenant: string): Promise<readonly string[]> {
    if (this.failure) throw this.failure;
    return this.admins.get(tenant) ?? [];
  }
  async permissions(place: string): Promise<Readonly<Record<string, readonly string[]>>> {
    return this.granted.get(place) ?? {};
  }
  async namespaces(tenant: string): Promise<readonly string[] | undefined> {
    if (this.failure) throw this.failure;
    const found = this.tenants.get(tenant);
    return found && [...found];
  }
  async topics(): Promise<readonly string[]> {
    return [...this.existing.keys()];
  }
  async partitions(): Promise<number> {
    return 0;
  }
  async topicStats(topic: string): Promise<TopicStats | undefined> {
    const found = this.existing.get(topic);
    if (!found) return undefined;
    const stats = [...found].map(([name, properties]) => [name, { msgBacklog: 0, consumers: 0, properties }] as const);
    return { subscriptions: Object.fromEntries(stats) };
  }
  async subscriptions(topic: string): Promise<readonly string[]> {
    return [...(this.existing.get(topic)?.keys() ?? [])];
  }
  async createSubscription(topic: string, subscription: string, position: string): Promise<boolean> {
    this.created.push(`${topic} ${subscription} ${position}`);
    return true;
  }
  async deleteSubscription(topic: string, subscription: string, { force = false }: { force?: boolean } = {}) {
    if (this.failure) throw this.failure;
    this.deleted.push({ topic, subscription, force });
    return this.existing.get(topic)?.delete(subscription) ?? false;
  }
  async resetCursor(topic: string, subscription: string, to: CursorTarget): Promise<boolean> {
    if (this.failure) throw this.failure;
    this.resets.push({ topic, subscription, to });
    return true;
  }
  async peek(_topic: string, subscription: string, nth: number): Promise<PeekedMessage | undefined> {
    return this.held.get(subscription)?.[nth - 1];
  }
  async lastEntry() {
    return { ledgerId: 7, entryId: 9 };
  }
  async skip(_topic: string, subscription: string, count: number | 'all'): Promise<void> {
    const held = this.held.get(subscription) ?? [];
    held.splice(0, count === 'all' ? held.length : count);
  }
  async deduplication() {
    return this.state;
  }
}

/** A control plane over a store in memory, or over the one that is given, and what a test wants to see of it. */
export const startControlPlane = async (
  changes: Partial<ControlPlaneDeps> = {},
  { withPulsar = true, over }: { withPulsar?: boolean; over?: ItemStore } = {},
) => {
  const items = over ?? (await openItemStore('sqlite::memory:'));
  const clock = manualClock();
  const pulsar = new FakePulsar();
  const invoked: RunRequest[] = [];
  const errors: unknown[] = [];
  let uids = 0;
  const deps: ControlPlaneDeps = {
    registry: registry(items, { shards: 2, clock }),
    leases: leaseStore(items, { clock }),
    checkpoints: checkpointStore(items, { clock }),
    inbox: inboxStore(items, { clock }),
    catalogue: testCatalogue,
    clock,
    newUid: () => `uid-${++uids}`,
    workerId: 'worker-1',
    invokeRun: async (request) => void invoked.push(request),
    ...(withPulsar && { pulsar }),
    inspect: async () => ({ findings: [] }),
    onError: (error) => errors.push(error),
    ...changes,
  };
  const controlPlane = createControlPlane(deps);
  const send = async (request: TestRequest) =>
    readAnswer(await controlPlane(eventOf(request), AbortSignal.timeout(60_000)));
  const withConfig =
    (kind: 'source' | 'sink', method: string) =>
    (name: string, config: unknown, more: readonly TestPart[] = []) =>
      send({
        method,
        path: `/admin/v3/${kind}s/public/default/${encodeURIComponent(name)}`,
        parts: [{ name: `${kind}Config`, contentType: 'application/json', body: JSON.stringify(config) }, ...more],
      });
  return {
    deps,
    items,
    clock,
    pulsar,
    invoked,
    errors,
    send,
    get: (path: string) => send({ method: 'GET', path: `/admin/v3/${path}` }),
    post: (path: string) => send({ method: 'POST', path: `/admin/v3/${path}` }),
    remove: (path: string) => send({ method: 'DELETE', path: `/admin/v3/${path}` }),
    createSource: withConfig('source', 'POST'),
    createSink: withConfig('sink', 'POST'),
    updateSource: withConfig('source', 'PUT'),
    updateSink: withConfig('sink', 'PUT'),
    close: () => items.close(),
  };
};

/** A control plane under test. */
export type TestControlPlane = Awaited<ReturnType<typeof startControlPlane>>;

const readAnswer = ({ statusCode, body, headers }: Answer) => {
  secretWatch().look(`${body ?? ''} ${JSON.stringify(headers)}`, 'answer of the control plane');
  return {
    status: statusCode,
    text: body ?? '',
    headers: headers ?? {},
    json: isJson(headers) && body ? JSON.parse(body) : undefined,
    reason: isJson(headers) && body ? (JSON.parse(body) as { reason?: string }).reason : undefined,
  };
};

const isJson = (headers: Answer['headers']): boolean => headers?.['content-type'] === 'application/json';

/** Configuration of a source that can be created. */
export const SOURCE = {
  topicName: 'out',
  archive: 'builtin://data-generator',
  configs: { sleepBetweenMessages: '200' },
};

/** Configuration of a sink that can be created. */
export const SINK = { inputs: ['in'], archive: 'builtin://http', configs: { url: 'http://127.0.0.1:18099/hook' } };
