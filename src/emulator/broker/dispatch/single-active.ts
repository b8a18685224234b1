import { SubscriptionType } from '../../../pulsar/protocol/enums.ts';
import type { EntryKey } from '../state/entry-key.ts';
import type { Consumer } from './consumer.ts';
import { type DispatchContext, type Dispatcher, isSettled, PAGE_BYTES, PAGE_ENTRIES, PassLoop } from './dispatcher.ts';

/**
 * Exclusive and Failover: one consumer receives, in order. A redelivery rewinds to the mark-delete position; the redelivery count is always 0.
 * Failover: consumers in order of (priority level, name); active is `partition index mod size of the first group`, and the first for a topic
 * without partitions (T5); a change takes effect after `failoverDelayMs` (AbstractDispatcherSingleActiveConsumer).
 */
export class SingleActiveDispatcher implements Dispatcher {
  readonly type: SubscriptionType;
  readonly delayedCount = 0;
  consumers: Consumer[] = [];
  active: Consumer | undefined;
  readPosition: EntryKey;
  readonly #context: DispatchContext;
  readonly #loop = new PassLoop(() => this.#pass());
  #activation: NodeJS.Timeout | undefined;

  constructor(type: SubscriptionType, context: DispatchContext) {
    this.type = type;
    this.#context = context;
    this.readPosition = context.cursor.nextUnacked(context.cursor.markDelete + 1);
  }

  add(consumer: Consumer): void {
    this.consumers.push(consumer);
    if (!this.#choose()) this.#tell(consumer);
  }

  remove(consumer: Consumer): void {
    this.consumers = this.consumers.filter((other) => other !== consumer);
    this.#choose();
  }

  redeliver(consumer: Consumer): void {
    if (consumer === this.active) this.rewind();
  }

  acked(): void {}

  unacked(): void {
    this.rewind();
  }

  rewind(): void {
    this.readPosition = this.#context.cursor.nextUnacked(this.#context.cursor.markDelete + 1);
    this.wake();
  }

  wake(): void {
    this.#loop.wake();
  }

  stop(): void {
    this.#loop.stop();
    clearTimeout(this.#activation);
  }

  /** Chooses the active consumer; true when it changed. */
  #choose(): boolean {
    this.consumers.sort(byPriorityAndName);
    const first = this.consumers[0];
    const group = this.consumers.filter(({ options }) => options.priorityLevel === first?.options.priorityLevel);
    const chosen = group[Math.max(0, this.#context.partition) % Math.max(1, group.length)];
    if (chosen === this.active) return false;
    this.active = chosen;
    if (chosen) this.#activate();
    return true;
  }

  #activate(): void {
    const delayMs = this.type === SubscriptionType.Failover ? this.#context.failoverDelayMs : 0;
    if (delayMs === 0) this.#activated();
    else this.#activation ??= setTimeout(() => this.#activated(), delayMs).unref();
  }

  #activated(): void {
    this.#activation = undefined;
    this.rewind();
    for (const consumer of this.consumers) this.#tell(consumer);
  }

  /** ACTIVE_CONSUMER_CHANGE goes to Failover consumers only. */
  #tell(consumer: Consumer): void {
    if (this.type !== SubscriptionType.Failover || this.#activation) return;
    const { peer, consumerId } = consumer.options;
    peer.send('ACTIVE_CONSUMER_CHANGE', { consumerId, isActive: consumer === this.active });
  }

  #pass(): boolean {
    const { active } = this;
    const { log, cursor, pendingAcks } = this.#context;
    if (!active?.isAvailable || this.#activation) return false;
    this.readPosition = cursor.nextUnacked(this.readPosition);
    const page = log.read(this.readPosition, Math.min(PAGE_ENTRIES, active.permits), PAGE_BYTES);
    for (const entry of page) {
      if (!active.isAvailable) break;
      this.readPosition = entry.key + 1;
      if (!isSettled(this.#context, entry.key)) active.deliver(entry, pendingAcks.remaining(entry.key), 0);
    }
    return page.length > 0 && active.isAvailable;
  }
}

function byPriorityAndName(a: Consumer, b: Consumer): number {
  const byPriority = a.options.priorityLevel - b.options.priorityLevel;
  if (byPriority !== 0) return byPriority;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
