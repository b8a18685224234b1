/** A target system of an end-to-end test, seen by a reader of its own. */
export interface Target extends AsyncDisposable {
  readonly name: string;
  /** Sink type and its configuration. */
  readonly sinkType: string;
  readonly configs: Readonly<Record<string, unknown>>;
  /** How the source must shape records for this sink. */
  readonly sourceConfigs: Readonly<Record<string, unknown>>;
  /** True: a repeated write is another row, and rows are read in the order of the writes. False: it is the same row. */
  readonly repeatsAreRows: boolean;
  /** Rows so far; cheap. */
  rows(): Promise<number>;
  /** Different records so far. */
  distinct(): Promise<number>;
  /** `n` of every row. */
  read(): Promise<readonly number[]>;
  /** Writes beyond one for each row, as the target counts them. */
  repeatedWrites(): Promise<number>;
}
