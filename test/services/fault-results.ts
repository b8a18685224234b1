import { appendFileSync } from 'node:fs';
import type { Guarantee } from '../../src/core/guarantee.ts';

/** What one examination on real servers found; a row of the certificate (docs/faults.md). */
export interface FaultResult {
  /** `source → topic → sink`. */
  readonly route: string;
  readonly guarantee: Guarantee;
  /** The servers, and the store of the checkpoints. */
  readonly servers: string;
  readonly faults: readonly string[];
  readonly runs: number;
  readonly records: number;
  readonly kills: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
}

/** Appends a result as one line of JSON to the file that `PIO_FAULT_RESULTS` names; does nothing without one. */
export const recordFaultResult = (result: FaultResult): void => {
  const file = process.env.PIO_FAULT_RESULTS;
  if (file) appendFileSync(file, `${JSON.stringify({ on: 'real servers', ...result })}\n`);
};
