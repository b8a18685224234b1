import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { PulsarIoError } from '../../core/errors.ts';
import { aborted } from '../abort.ts';
import { quote } from '../jdbc/columns.ts';
import type { DebeziumPostgresConfig } from './config.ts';
import { connect, rowsOf } from './connect.ts';
import { changed, isInUse, sourceError } from './errors.ts';
import type { Filter } from './filter.ts';
import { type LsnPosition, parseLsn } from './position.ts';
import { ReplicationStream } from './replication-stream.ts';

/** A replication slot as the server shows it. */
export interface Slot {
  readonly plugin: string;
  readonly database: string;
  /** What it may have forgotten: all before. */
  readonly confirmed: string;
  /** `lost`: the log that it needs was removed. */
  readonly status: string | null;
  /** Where the server's log ends on disk. */
  readonly end: string;
}

const SLOT = `SELECT plugin, database, confirmed_flush_lsn::text AS confirmed, wal_status AS status, pg_current_wal_flush_lsn()::text AS end
  FROM pg_catalog.pg_replication_slots WHERE slot_name = $1`;

const AGAIN_MS = 250;

const misconfigured = (message: string): PulsarIoError => new PulsarIoError('PIO_SOURCE_MISCONFIGURED', message);

/** The slot; undefined when there is none. Throws `PIO_SOURCE_MISCONFIGURED` when it is another's, `PIO_SOURCE_CHANGED` when its log is lost. */
export const findSlot = async (
  client: Client,
  config: DebeziumPostgresConfig,
  signal: AbortSignal,
): Promise<Slot | undefined> => {
  const name = config['slot.name'];
  const [slot] = await rowsOf<Slot>(client, SLOT, signal, [name]).catch((error) => {
    throw sourceError(error, `looking up replication slot ${name}`);
  });
  if (slot && (slot.plugin !== 'pgoutput' || slot.database !== config['database.dbname']))
    throw misconfigured(
      `replication slot ${name} is one of the plug-in ${slot.plugin} in database ${slot.database}: name another slot.name`,
    );
  if (slot?.status === 'lost')
    throw changed(`replication slot ${name} is lost: the server removed log that it needs (max_slot_wal_keep_size)`);
  return slot;
};

/** Throws `PIO_SOURCE_CHANGED` unless the slot still has all that follows the position. */
export const requireSlotAt = (slot: Slot | undefined, name: string, { lsn, start }: LsnPosition): Slot => {
  const needed = start ?? lsn;
  if (!slot) throw changed(`replication slot ${name} is gone`);
  if (parseLsn(slot.confirmed) > parseLsn(needed))
    throw changed(
      `replication slot ${name} begins at ${slot.confirmed}, and this source was read up to ${needed}: the slot was made anew, or somebody else reads it`,
    );
  if (parseLsn(lsn) > parseLsn(slot.end))
    throw changed(
      `the server’s log ends at ${slot.end}, and this source was read up to ${lsn}: it is another server, or an older copy`,
    );
  return slot;
};

/** Makes publication and slot where they are not there. */
export const ensureSlot = async (
  client: Client,
  config: DebeziumPostgresConfig,
  filter: Filter,
  signal: AbortSignal,
): Promise<Slot> => {
  const name = config['slot.name'];
  try {
    const [{ level } = {}] = await rowsOf<{ level: string }>(
      client,
      "SELECT current_setting('wal_level') AS level",
      signal,
    );
    if (level !== 'logical')
      throw misconfigured(`the server has wal_level ${level}: set it to logical, and restart it`);
    await ensurePublication(client, config, filter, signal);
    const found = await findSlot(client, config, signal);
    if (found) return found;
    await rowsOf(client, 'SELECT pg_create_logical_replication_slot($1, $2)', signal, [name, 'pgoutput']);
    const made = await findSlot(client, config, signal);
    if (!made) throw changed(`replication slot ${name} is gone as soon as it was made`);
    return made;
  } catch (error) {
    throw sourceError(error, `making replication slot ${name}`);
  }
};

const ensurePublication = async (
  client: Client,
  config: DebeziumPostgresConfig,
  filter: Filter,
  signal: AbortSignal,
): Promise<void> => {
  const name = config['publication.name'];
  const found = await rowsOf(client, 'SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = $1', signal, [name]);
  if (found.length > 0) return;
  const mode = config['publication.autocreate.mode'];
  if (mode === 'disabled')
    throw misconfigured(`there is no publication ${name}: create it, or let publication.autocreate.mode do it`);
  const tables =
    mode === 'all_tables' ? 'ALL TABLES' : `TABLE ${(await filteredTables(client, filter, signal)).join(', ')}`;
  await rowsOf(client, `CREATE PUBLICATION ${quote(name)} FOR ${tables}`, signal);
};

const TABLES = `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2`;

const filteredTables = async (client: Client, filter: Filter, signal: AbortSignal): Promise<string[]> => {
  const rows = await rowsOf<{ schema: string; name: string }>(client, TABLES, signal);
  const taken = rows.filter(({ schema, name }) => filter.takesTable(schema, name));
  if (taken.length === 0) throw misconfigured('the include and exclude lists select no table of the database');
  return taken.map(({ schema, name }) => `${quote(schema)}.${quote(name)}`);
};

/** Begins to read the slot; waits while somebody else does. */
export const attach = async (
  config: DebeziumPostgresConfig,
  from: bigint,
  withMessages: boolean,
  signal: AbortSignal,
): Promise<ReplicationStream> => {
  const [slot, publication] = [config['slot.name'], config['publication.name']];
  const giveUpMs = performance.now() + config['slot.max.retries'] * config['slot.retry.delay.ms'];
  for (;;) {
    const client = await connect(config, signal, true);
    try {
      return await ReplicationStream.start(client, { slot, publication, from, withMessages }, signal);
    } catch (error) {
      const doing = isInUse(error)
        ? `replication slot ${slot} is read by somebody else, maybe a run that was killed a moment ago: each connector needs a slot.name of its own`
        : `reading replication slot ${slot}`;
      if (!isInUse(error) || performance.now() > giveUpMs) throw sourceError(error, doing);
    }
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => {
      throw aborted(signal, `waiting for replication slot ${slot}`);
    });
  }
};
