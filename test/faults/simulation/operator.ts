import type { Connector, ConnectorKind, RedriveOrder } from '../../../src/core/connector.ts';
import type { InstanceState } from '../../../src/core/lease.ts';
import type { SourceProgress } from '../../../src/core/progress.ts';
import { bookOf, type SinkBook } from '../../../src/core/sink-book.ts';
import { checkpointKey, INBOX_BATCH_PREFIX, inboxOf, leaseKey } from '../../../src/stores/keys.ts';
import type { TestRequest } from '../../control-plane/requests.ts';
import type { Cloud } from './cloud.ts';

/** Name of the one connector of a simulation. */
export const NAME = 'simulated';

const ANSWER_WITHIN_MS = 20_000;
const RETRY_MS = 2_000;
const LOOK_EVERY_MS = 5_000;
/** Failures after which an operator is told to mend something and restart. */
const RESTART_ADVISED = /does not deduplicate/;
/** What was asked for is so already: an earlier request had its effect, and its answer was lost. */
const DONE_BEFORE = /no change|already exists|not permitted/;

/** Whoever runs the connector: asks the admin API until it answers, and reads what is stored. */
export class Operator {
  /** The answer to a request that was refused. */
  refusal: string | undefined;
  readonly #cloud: Cloud;
  readonly #kind: ConnectorKind;

  constructor(cloud: Cloud, kind: ConnectorKind) {
    this.#cloud = cloud;
    this.#kind = kind;
  }

  async create(config: object): Promise<void> {
    await this.#ask('POST', '', config);
  }

  async update(config: object): Promise<void> {
    await this.#ask('PUT', '', config);
  }

  async act(action: 'start' | 'stop' | 'restart'): Promise<void> {
    await this.#ask('POST', `/${action}`);
  }

  /** Has dead letters sent back. */
  async redrive({
    allowReordering,
    max,
  }: {
    readonly allowReordering: boolean;
    readonly max?: number | undefined;
  }): Promise<void> {
    const query = new URLSearchParams({ allowReordering: String(allowReordering) });
    if (max !== undefined) query.set('max', String(max));
    await this.#ask('POST', '/dead-letters', undefined, `?${query}`);
  }

  /** Sets where partitions, or topic-partitions, are to go on. */
  async setPositions(positions: object): Promise<void> {
    await this.#repeat({ method: 'PUT', path: this.#path('/positions'), body: JSON.stringify(positions) });
  }

  /** Number of times that dead letters were asked to be sent back. */
  get redrives(): number {
    return this.#order?.number ?? 0;
  }

  /** True when the last redrive was carried out for all of these topic-partitions. */
  isRedriven(topics: readonly string[]): boolean {
    const uid = this.#connector?.uid ?? '';
    return topics
      .filter((topic) => this.#order?.topics.includes(topic))
      .every((topic) => {
        const stored = this.#cloud.table.read(checkpointKey(uid, bookOf(topic))) as { progress: SinkBook } | undefined;
        return (stored?.progress.redriven ?? 0) >= this.redrives;
      });
  }

  get #order(): RedriveOrder | undefined {
    const connector = this.#connector;
    return connector?.kind === 'sink' ? connector.redrive : undefined;
  }

  /** Looks at the status now and then until something is so, and restarts what failed for a reason that an operator mends. */
  async watchUntil(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await this.#cloud.timeline.delay(LOOK_EVERY_MS);
      if (RESTART_ADVISED.test(this.states())) await this.act('restart');
    }
  }

  async #ask(method: string, action: string, config?: object, query = ''): Promise<void> {
    const body = { name: `${this.#kind}Config`, contentType: 'application/json', body: JSON.stringify(config) };
    await this.#repeat({ method, path: `${this.#path(action)}${query}`, ...(config && { parts: [body] }) });
  }

  #path(action: string): string {
    return `/admin/v3/${this.#kind}s/public/default/${NAME}${action}`;
  }

  /** Until it is answered. */
  async #repeat(request: TestRequest): Promise<void> {
    const { timeline } = this.#cloud;
    const { method, path } = request;
    for (;;) {
      const asked = this.#cloud.admin(request);
      const answer = await Promise.race([asked, timeline.delay(ANSWER_WITHIN_MS)]);
      if (answer && answer.statusCode < 300) return;
      if (answer?.statusCode === 400) {
        if (!DONE_BEFORE.test(answer.body ?? '')) this.refusal = `${method} ${path}: ${answer.body}`;
        return;
      }
      await timeline.delay(RETRY_MS);
    }
  }

  /** How far a partition of a log source is read, in records, by its checkpoint. */
  position(partition: string): number {
    const uid = this.#connector?.uid;
    const data = uid === undefined ? undefined : this.#cloud.table.read(checkpointKey(uid, partition));
    const stored = data as { progress: SourceProgress } | undefined;
    return (stored?.progress.position?.next as number | undefined) ?? 0;
  }

  /** True when nothing waits in the inbox of a queue source. */
  get isInboxEmpty(): boolean {
    const uid = this.#connector?.uid;
    return (
      uid !== undefined && !this.#cloud.table.all(inboxOf(uid)).some(({ key }) => key.sk.startsWith(INBOX_BATCH_PREFIX))
    );
  }

  /** How the instances are, one after the other. */
  states(): string {
    const connector = this.#connector;
    if (!connector) return 'there is no connector';
    const states = Array.from({ length: connector.config.parallelism }, (_, instance) => {
      const state = this.#cloud.table.read(leaseKey(connector.uid, instance)) as InstanceState | undefined;
      return `instance ${instance}: ${state ? `${state.status.phase} ${state.status.error}` : 'never ran'}`;
    });
    return states.join('; ');
  }

  get #connector(): Connector | undefined {
    return this.#cloud.table.all('connectors#0')[0]?.data as Connector | undefined;
  }
}
