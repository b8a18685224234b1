/** The source system of an end-to-end test. */
export interface Input {
  readonly sourceType: string;
  readonly configs: Readonly<Record<string, unknown>>;
  /** Other keys of the source's configuration. */
  readonly more?: object;
  /** Puts records 0 to `records` - 1 into the system, little by little, or fewer once it `isEnough`; resolves with their number. */
  feed(records: number, isEnough?: () => Promise<boolean>): Promise<number>;
  /** True when nothing is left that was not published; `storePath`: the SQLite file of the connectors' store. */
  isRead(storePath: string): Promise<boolean>;
  /** Removes it. */
  dispose(): Promise<void>;
}
