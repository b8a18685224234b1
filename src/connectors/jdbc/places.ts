import { CHECKPOINT_TABLE } from './checkpoint-table.ts';

const OWN = new RegExp(`(^|\\.)${CHECKPOINT_TABLE}$`, 'i');
const OF_THE_DATABASE = /^(sqlite_|pg_|information_schema\.)/i;

/** Whether a record may name that table: not those of the database itself, nor that of our frontiers. */
export const mayBeTable = (name: string): boolean =>
  name !== '' && !name.includes('\0') && !OWN.test(name) && !OF_THE_DATABASE.test(name);
