/** What was seen of one route, or one connector, under one guarantee. */
export interface CertificateRow {
  /** Route of a simulation, or the connectors: `file → topic → cassandra`. */
  readonly route: string;
  readonly guarantee: string;
  /** `simulation`, or the servers and the store of the checkpoints. */
  readonly servers: string;
  readonly faults: string;
  readonly runs: number;
  /** Schedules in which a source stopped to ask its operator: they are not judged, and nothing else counts them. */
  readonly refused: number;
  readonly records: number;
  readonly kills: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
}
