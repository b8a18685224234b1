/**
 * What can strike a call, and what it does to the process that makes it:
 * `crash-before` dies before the request leaves; `crash-after` dies with the request on its way; `refused` fails without effect; `lost` has its
 * effect, but fails; `unstored` is taken by the broker whose storage fails `ms` later, elsewhere it is `lost`; `slow` takes `ms` longer; `freeze-before` and `freeze-after` stop the process for `ms` before the request leaves or right after.
 */
export const CALL_FAULTS = [
  'crash-before',
  'crash-after',
  'refused',
  'lost',
  'unstored',
  'slow',
  'freeze-before',
  'freeze-after',
] as const;

/**
 * What strikes the world when a call is made: the broker is killed and starts again; every connection breaks; the broker forgets the names of producers that are
 * away; somebody switches deduplication off and on; acknowledged entries are trimmed; storage fails for what is on its way; a wall clock jumps by `ms`.
 */
export const WORLD_FAULTS = [
  'broker-restart',
  'disconnect',
  'forget-names',
  'toggle-deduplication',
  'trim',
  'storage-failure',
  'clock-jump',
] as const;

/** A kind of fault. */
export type FaultKind = (typeof CALL_FAULTS)[number] | (typeof WORLD_FAULTS)[number];

/** One fault of a schedule: what happens at the `nth` call (0 = first) of a port, counted over all processes. */
export interface Fault {
  readonly port: string;
  readonly nth: number;
  readonly kind: FaultKind;
  readonly ms: number;
}

/** The faults of a schedule that have not struck yet. Each strikes once. */
export class Faults {
  readonly struck: Fault[] = [];
  readonly #waiting = new Map<string, Map<number, Fault>>();
  readonly #calls = new Map<string, number>();
  #isArmed = true;

  constructor(faults: readonly Fault[]) {
    for (const fault of faults) {
      const ofPort = this.#waiting.get(fault.port) ?? new Map<number, Fault>();
      this.#waiting.set(fault.port, ofPort.set(fault.nth, fault));
    }
  }

  /** Called with every call of a port: the fault that strikes it. */
  strike(port: string): Fault | undefined {
    const calls = this.#calls.get(port) ?? 0;
    this.#calls.set(port, calls + 1);
    const fault = this.#isArmed ? this.#waiting.get(port)?.get(calls) : undefined;
    if (fault) this.struck.push(fault);
    return fault;
  }

  /** From now on nothing strikes: what is left must heal by itself. */
  disarm(): void {
    this.#isArmed = false;
  }
}
