import { PulsarError } from '../../../../src/pulsar/errors.ts';
import { Lane, type Process } from '../process.ts';
import type { Timeline } from '../timeline.ts';

/** A connection whose client is gone without a word is closed by keep-alive after this. */
const KEEP_ALIVE_MS = 60_000;

/** One connection of a process, seen from both ends: what the client has sent arrives in order, also when the client is gone meanwhile. */
export class Connection {
  readonly process: Process;
  readonly lane = new Lane();
  readonly #timeline: Timeline;
  readonly #whenClosed = new Set<() => void>();
  readonly #whenLost = new Set<(error: PulsarError) => void>();
  #isOpen = true;

  constructor(timeline: Timeline, process: Process, isCutSilently: () => boolean) {
    this.#timeline = timeline;
    this.process = process;
    process.onDeath(() => {
      if (isCutSilently()) timeline.after(KEEP_ALIVE_MS, () => this.closeByBroker());
      else this.closeByClient();
    });
  }

  /** False once the broker has closed it: what arrives then is dropped. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What the broker finds out when it asks. */
  get answersPing(): boolean {
    return this.#isOpen && this.process.isAlive;
  }

  /** Throws what a client sees of a connection that is gone. */
  requireOpen(): void {
    if (!this.#isOpen) throw disconnected();
  }

  /** Calls `act` when the broker's end closes. */
  onClosed(act: () => void): () => void {
    this.#whenClosed.add(act);
    return () => this.#whenClosed.delete(act);
  }

  /** Calls `act` when the client sees that the connection is lost. */
  onLost(act: (error: PulsarError) => void): void {
    this.#whenLost.add(act);
  }

  /** The client closes: the broker sees it behind all that was sent before. */
  closeByClient(): void {
    this.#timeline.at(this.lane.arrival(this.#timeline.nowMs + 1), () => this.#close());
  }

  /** The broker closes, or the network breaks: the client sees it as soon as its code runs. */
  closeByBroker(error: PulsarError = disconnected()): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#timeline.after(1, () => this.process.deliver(() => this.#lose(error)));
  }

  #lose(error: PulsarError): void {
    for (const act of this.#whenLost) act(error);
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const act of [...this.#whenClosed]) act();
  }
}

const disconnected = (): PulsarError => new PulsarError('Disconnected', 'the connection was closed');
