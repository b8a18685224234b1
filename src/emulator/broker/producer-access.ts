import { ProducerAccessMode, ServerError } from '../../pulsar/protocol/enums.ts';
import { BrokerError } from './errors.ts';
import { isExclusive, type Producer } from './producer.ts';

/** How a producer asks for its topic. */
export interface AccessRequest {
  /** What the topic's epoch was when it last had exclusive access. */
  readonly topicEpoch: number | undefined;
  /** Told when it has to wait for others to leave. */
  readonly onQueued: () => void;
  /** False once nobody waits for the answer any more. */
  readonly isWanted: () => boolean;
}

interface Waiter {
  readonly request: AccessRequest;
  readonly settle: PromiseWithResolvers<void>;
}

/** Who may produce to a topic beside whom (PULSAR-WIRE 3.3.4 and 3.3.5). */
export class ProducerAccess {
  /** Raised when a producer gets exclusive access; in memory only. */
  epoch = 0;
  #waiting: Waiter[] = [];

  /**
   * Lets `producer` join `others`: at once when nothing is given back, else when the promise resolves. `fence` takes those out that it fences. Throws `BrokerError` ProducerBusy or ProducerFenced. A producer that had
   * exclusive access before comes with the epoch of then, and is fenced when somebody else had it since.
   */
  admit(
    producer: Producer,
    request: AccessRequest,
    others: () => readonly Producer[],
    fence: (producer: Producer) => void,
  ): Promise<void> | undefined {
    const { accessMode } = producer;
    if (!isExclusive(producer)) {
      this.#admitShared(others());
      return undefined;
    }
    if (request.topicEpoch !== undefined && request.topicEpoch < this.epoch) {
      throw new BrokerError(
        ServerError.ProducerFenced,
        `Topic epoch ${request.topicEpoch} is older than ${this.epoch}`,
      );
    }
    this.#dropUnwanted();
    if (accessMode === ProducerAccessMode.ExclusiveWithFencing) this.#fenceAll(others(), fence);
    const isFree = others().length === 0 && this.#waiting.length === 0;
    if (!isFree && accessMode === ProducerAccessMode.Exclusive) {
      throw new BrokerError(
        ServerError.ProducerFenced,
        'Topic has other producers, or one that waits for exclusive access',
      );
    }
    if (!isFree) return this.#wait(request);
    this.#grant(request);
    return undefined;
  }

  #grant({ topicEpoch }: AccessRequest): void {
    this.epoch = topicEpoch ?? this.epoch + 1;
  }

  #admitShared(others: readonly Producer[]): void {
    this.#dropUnwanted();
    if (!others.some(isExclusive) && this.#waiting.length === 0) return;
    throw new BrokerError(ServerError.ProducerBusy, 'Topic has an exclusive producer, or one that waits for it');
  }

  #fenceAll(others: readonly Producer[], fence: (producer: Producer) => void): void {
    for (const other of others) fence(other);
    for (const { settle } of this.#waiting.splice(0)) {
      settle.reject(new BrokerError(ServerError.ProducerFenced, 'Fenced out'));
    }
  }

  async #wait(request: AccessRequest): Promise<void> {
    const waiter = { request, settle: Promise.withResolvers<void>() };
    this.#waiting.push(waiter);
    request.onQueued();
    await waiter.settle.promise;
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    this.#grant(request);
  }

  /** The last producer has left: the next one in the queue gets the topic. */
  released(): void {
    this.#dropUnwanted();
    this.#waiting[0]?.settle.resolve();
  }

  #dropUnwanted(): void {
    const gone = this.#waiting.filter(({ request }) => !request.isWanted());
    this.#waiting = this.#waiting.filter(({ request }) => request.isWanted());
    for (const { settle } of gone) settle.reject(new BrokerError(ServerError.UnknownError, 'the producer was closed'));
  }
}
