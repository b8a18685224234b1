/** The source system of an end-to-end test. */
export interface Input {
  readonly sourceType: string;
  readonly configs: Readonly<Record<string, unknown>>;
  /** Puts records 0 to `records` - 1 into the system, little by little. */
  feed(records: number): Promise<void>;
  /** True when nothing is left that was not published; `storePath`: the SQLite file of the connectors' store. */
  isRead(storePath: string): Promise<boolean>;
  /** Removes it. */
  dispose(): Promise<void>;
}
