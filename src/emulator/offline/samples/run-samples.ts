import { setTimeout as sleep } from 'node:timers/promises';
import type { Terminal } from '../terminal.ts';
import { AdminClient } from './admin-client.ts';
import { type SampleConnector, sampleConnectors } from './connectors.ts';
import { prepareZipCodes, rowsInFile, ZipCodesTable } from './zip-codes.ts';

/** Where the samples run. */
export interface SamplesOptions {
  /** `http://127.0.0.1:8080`. */
  readonly adminUrl: string;
  /** Folder of their file and their database. */
  readonly folder: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 100;
const ASK_AFTER_MS = 5_000;
const GIVE_UP_AFTER_MS = 90_000;
const TOP_STATES = 5;

/**
 * Moves the zip codes from their file through a topic into a table, by connectors made through the admin API as any user makes them. Resolves when every row of
 * the file is in the table; made before, they go on where they were. Rejects with the reason when nothing moves.
 */
export const runSamples = async ({ adminUrl, folder, terminal, signal }: SamplesOptions): Promise<void> => {
  const zipCodes = prepareZipCodes(folder);
  const rows = rowsInFile(zipCodes);
  using table = new ZipCodesTable(zipCodes);
  const before = table.count();
  const connectors = sampleConnectors(zipCodes);
  const client = new AdminClient(adminUrl, signal);
  const startedMs = performance.now();
  const isMissing = await createMissing(client, connectors, before);
  if (isMissing) return terminal.line('Samples: a connector of theirs was deleted, so they rest.');
  if (before < rows) {
    terminal.line(`Samples: ${rows} zip codes, file → topic → SQLite, each effectively once`);
    await waitForRows({ table, rows, terminal, signal, complain: () => complaints(client, connectors) });
  }
  if (signal.aborted) return;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const how = before < rows ? `in ${seconds} s` : 'already there';
  terminal.line(`Samples: ${table.count()} of ${rows} rows in ${zipCodes.database}, ${how}`);
  terminal.table(table.topStates(TOP_STATES));
};

/** True when a connector is missing although rows came through: someone deleted it, and a new one would begin from the start. */
const createMissing = async (
  client: AdminClient,
  connectors: readonly SampleConnector[],
  rowsBefore: number,
): Promise<boolean> => {
  for (const connector of connectors) {
    if (await client.exists(connector)) continue;
    if (rowsBefore > 0) return true;
    await client.create(connector);
  }
  return false;
};

interface Wait {
  readonly table: ZipCodesTable;
  readonly rows: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** What the connectors complain of; "" when nothing is wrong. */
  complain(): Promise<string>;
}

const waitForRows = async ({ table, rows, terminal, signal, complain }: Wait): Promise<void> => {
  let [count, movedMs, shown] = [table.count(), performance.now(), ''];
  while (count < rows) {
    terminal.progress(`  ${count} of ${rows} rows (${Math.floor((100 * count) / rows)} %)`);
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const now = table.count();
    if (now !== count) movedMs = performance.now();
    count = now;
    const restedMs = performance.now() - movedMs;
    if (restedMs < ASK_AFTER_MS) continue;
    const problem = await complain();
    if (problem && problem !== shown) terminal.line(`  waiting: ${problem}`);
    shown = problem;
    if (restedMs > GIVE_UP_AFTER_MS) {
      throw new Error(
        `${count} of ${rows} rows, and none came for ${GIVE_UP_AFTER_MS / 1000} s: ${problem || 'nobody complains'}`,
      );
    }
  }
};

const complaints = async (client: AdminClient, connectors: readonly SampleConnector[]): Promise<string> => {
  const found = await Promise.all(
    connectors.map(async (connector) => {
      const complaint = await client.complaint(connector);
      return complaint && `${connector.name}: ${complaint}`;
    }),
  );
  return found.filter(Boolean).join('; ');
};
