import type { Clock } from '../../../src/core/clock.ts';
import type { Dice } from './dice.ts';
import type { Fault, Faults } from './fault.ts';
import type { Timeline } from './timeline.ts';

/** What processes and servers of one simulation share. */
export interface Surroundings {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly faults: Faults;
  /** Lets a fault strike the world. */
  strikeWorld(fault: Fault, struck: Process): void;
}

/** One connection: requests arrive, and answers come, in the order in which they were made. */
export class Lane {
  #arrivedMs = 0;
  #answeredMs = 0;

  /** When a request that could arrive then does. */
  arrival(atMs: number): number {
    this.#arrivedMs = Math.max(this.#arrivedMs, atMs);
    return this.#arrivedMs;
  }

  /** When an answer that could come then does. */
  answer(atMs: number): number {
    this.#answeredMs = Math.max(this.#answeredMs, atMs);
    return this.#answeredMs;
  }
}

/** A request of a process to a server. */
export interface Request<T> {
  /** `store.put`, `producer.sendEntry`, … */
  readonly port: string;
  /** Absent: it overtakes others and is overtaken. */
  readonly lane?: Lane | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What the server does when it arrives. */
  effect(fault: Fault | undefined): T | Promise<T>;
  /** How the caller sees a request that was refused, or whose answer was lost. */
  failure(kind: 'refused' | 'lost'): Error;
}

/** Start of a simulation by its wall clocks. */
const EPOCH_MS = 1_800_000_000_000;

const never = (): Promise<never> => new Promise(() => undefined);

/** A promise that is rejected with the signal's reason when that is aborted first. */
const abortable = <T>(signal: AbortSignal | undefined): PromiseWithResolvers<T> => {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  if (!signal) return { promise, resolve, reject };
  if (signal.aborted) reject(signal.reason);
  const abort = () => reject(signal.reason);
  const forget = () => signal.removeEventListener('abort', abort);
  signal.addEventListener('abort', abort, { once: true });
  promise.then(forget, forget);
  return { promise, resolve, reject };
};

/**
 * A process of a function: it has the clock and makes the requests. It may freeze, and then nothing that it waits for comes before it
 * thaws; it may die, and then nothing that it waits for ever comes: none of its code has another effect.
 */
export class Process {
  readonly name: string;
  readonly clock: Clock;
  readonly #surroundings: Surroundings;
  readonly #whenDead: (() => void)[] = [];
  #held: (() => void)[] = [];
  #pauses = 0;
  #pausedMs = 0;
  #pausedSinceMs = 0;
  #skewMs: number;
  isDead = false;

  constructor(surroundings: Surroundings, name: string, skewMs = 0) {
    this.#surroundings = surroundings;
    this.name = name;
    this.#skewMs = skewMs;
    this.clock = {
      nowMs: () => EPOCH_MS + surroundings.timeline.nowMs + this.#skewMs,
      monotonicMs: () => surroundings.timeline.nowMs - this.#pausedMs,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  /** True when its code runs: it would answer a ping. */
  get isAlive(): boolean {
    return !this.isDead && this.#pauses === 0;
  }

  /** Milliseconds that a message takes on the network this time. */
  latency(): number {
    const { dice } = this.#surroundings;
    return 1 + dice.integer(8) + (dice.chance(0.02) ? dice.integer(400) : 0);
  }

  /** Lets its code see something, now or when it thaws. */
  deliver(act: () => void): void {
    if (this.isDead) return;
    if (this.#pauses > 0 || this.#held.length > 0) this.#held.push(act);
    else act();
  }

  /** Calls `act` after `ms` of its own time, unless it is dead by then. */
  later(ms: number, act: () => void): void {
    this.#surroundings.timeline.after(ms, () => this.deliver(act));
  }

  /** Stops all its code, until as many `resume`. */
  pause(): void {
    if (this.#pauses++ === 0) this.#pausedSinceMs = this.#surroundings.timeline.nowMs;
  }

  /** Its code goes on; what came meanwhile is seen one by one. */
  resume(): void {
    if (this.isDead || --this.#pauses > 0) return;
    this.#pausedMs += this.#surroundings.timeline.nowMs - this.#pausedSinceMs;
    this.#catchUp();
  }

  /** What came while it was frozen is seen before what comes now. */
  #catchUp(): void {
    this.#surroundings.timeline.after(0, () => {
      if (this.#pauses > 0) return;
      this.#held.shift()?.();
      if (this.#held.length > 0) this.#catchUp();
    });
  }

  /** Stops all its code for that long. */
  freeze(ms: number): void {
    this.#surroundings.timeline.note(`${this.name} freezes`);
    this.pause();
    this.#surroundings.timeline.after(ms, () => this.resume());
  }

  /** Sets its wall clock forward, or back. */
  jumpClock(ms: number): void {
    this.#skewMs += ms;
  }

  /** Ends it like SIGKILL does. */
  die(): void {
    if (this.isDead) return;
    this.#surroundings.timeline.note(`${this.name} dies`);
    this.isDead = true;
    this.#held = [];
    for (const act of this.#whenDead) act();
  }

  /** Calls `act` when it dies. */
  onDeath(act: () => void): void {
    this.#whenDead.push(act);
  }

  /** A call that asks no server: the faults that strike the process may strike it; the others are given back. */
  async step(port: string): Promise<Fault | undefined> {
    if (this.isDead) return never();
    const fault = this.#strike(port);
    if (fault?.kind.startsWith('crash')) {
      this.die();
      return never();
    }
    if (!fault?.kind.startsWith('freeze')) return fault;
    this.freeze(fault.ms);
    await new Promise<void>((resolve) => this.deliver(resolve));
    return undefined;
  }

  /** Makes a request. */
  request<T>(request: Request<T>): Promise<T> {
    if (this.isDead) return never();
    const fault = this.#strike(request.port);
    if (fault?.kind === 'crash-before') {
      this.die();
      return never();
    }
    const { promise, resolve, reject } = abortable<T>(request.signal);
    const answer = (act: () => void) => {
      const atMs = this.#surroundings.timeline.nowMs + this.latency();
      this.#surroundings.timeline.at(request.lane?.answer(atMs) ?? atMs, () => this.deliver(act));
    };
    if (fault?.kind === 'refused') answer(() => reject(request.failure('refused')));
    else this.#send(request, fault, { answer, resolve, reject });
    if (fault?.kind === 'crash-after') this.die();
    if (fault?.kind === 'freeze-after') this.freeze(fault.ms);
    return promise;
  }

  #send<T>(
    request: Request<T>,
    fault: Fault | undefined,
    caller: { answer(act: () => void): void; resolve(value: T): void; reject(error: unknown): void },
  ): void {
    const { timeline } = this.#surroundings;
    const arrive = async () => {
      try {
        const value = await request.effect(fault);
        const isLost = fault?.kind === 'lost' || fault?.kind === 'unstored';
        caller.answer(() => (isLost ? caller.reject(request.failure('lost')) : caller.resolve(value)));
      } catch (error) {
        caller.answer(() => caller.reject(error));
      }
    };
    const leave = () => {
      const atMs = timeline.nowMs + this.latency() + (fault?.kind === 'slow' ? fault.ms : 0);
      timeline.at(request.lane?.arrival(atMs) ?? atMs, () => void arrive());
    };
    if (fault?.kind === 'freeze-before') {
      this.freeze(fault.ms);
      this.deliver(leave);
    } else leave();
  }

  #strike(port: string): Fault | undefined {
    const { faults, timeline } = this.#surroundings;
    const fault = faults.strike(port);
    timeline.note(`${this.name} ${port}${fault ? ` ${fault.kind} ${fault.ms}` : ''}`);
    if (fault) this.#surroundings.strikeWorld(fault, this);
    return fault;
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.isDead) return never();
    const { promise, resolve } = abortable<void>(signal);
    this.later(Math.max(0, ms), resolve);
    return promise;
  }
}
