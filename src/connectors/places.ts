import { PulsarIoError } from '../core/errors.ts';
import type { SinkRecord } from '../core/record.ts';

/** Where records may be written to besides the place that the configuration names. */
export interface PlaceRules<P> {
  /** The word for one: {@link SinkType.destination}. */
  readonly word: string;
  /** False for a name that none can have, and for one that is not for records. */
  mayBe(name: string): boolean;
  /** Looks it up, and creates nothing. Throws `PIO_SINK_MISCONFIGURED` where there is none, or where nothing may be written. */
  open(name: string, signal: AbortSignal): Promise<P>;
}

/** Place of a record. Throws `PIO_SINK_REJECTED`, without the name: it may come from the payload. */
export type PlaceOf<P> = (record: Pick<SinkRecord, 'destination'>) => P;

/** Places that are kept open at once besides the configured one. */
const MAX_OPEN = 256;

/** The places that an open sink writes to: that of its configuration, and those that records name, each looked up when one first does. */
export class Places<P extends object> {
  readonly home: P;
  readonly #homeName: string;
  readonly #rules: PlaceRules<P>;
  readonly #open = new Map<string, P>();

  constructor(homeName: string, home: P, rules: PlaceRules<P>) {
    this.home = home;
    this.#homeName = homeName;
    this.#rules = rules;
  }

  /** Places of these records. Throws where the target cannot be asked. */
  async lookUp(records: readonly Pick<SinkRecord, 'destination'>[], signal: AbortSignal): Promise<PlaceOf<P>> {
    const found = new Map<string, P | PulsarIoError>();
    for (const { destination: name } of records)
      if (name !== undefined && !found.has(name)) found.set(name, await this.#find(name, signal));
    return ({ destination: name }) => {
      const place = name === undefined ? this.home : found.get(name);
      if (place instanceof PulsarIoError) throw place;
      return place as P;
    };
  }

  /** An error of a write. One that may be of a place which a record named does not stop the instance: the next write looks at that place again, and the next attempt at the configured one. */
  doubted(error: PulsarIoError): PulsarIoError {
    if (error.code !== 'PIO_SINK_MISCONFIGURED' || this.#open.size === 0) return error;
    this.#open.clear();
    return new PulsarIoError('PIO_SINK_UNAVAILABLE', error.message);
  }

  async #find(name: string, signal: AbortSignal): Promise<P | PulsarIoError> {
    const { word, mayBe, open } = this.#rules;
    if (name === this.#homeName) return this.home;
    if (!mayBe(name)) return rejected(`the destination that the record names can be no ${word}`);
    const known = this.#open.get(name);
    if (known) return known;
    try {
      const place = await open(name, signal);
      const [oldest] = this.#open.size < MAX_OPEN ? [] : this.#open.keys();
      if (oldest !== undefined) this.#open.delete(oldest);
      this.#open.set(name, place);
      return place;
    } catch (error) {
      if (!(error instanceof PulsarIoError) || error.code !== 'PIO_SINK_MISCONFIGURED') throw error;
      return rejected(`there is no ${word} of the name that the record gives which the sink could write to`);
    }
  }
}

const rejected = (what: string): PulsarIoError => new PulsarIoError('PIO_SINK_REJECTED', what);
