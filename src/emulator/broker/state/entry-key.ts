/**
 * A message id as one number, so that positions compare with `<` and are the row ids of the entry table.
 * `key = ledgerId * 2^20 + entryId`; a ledger is closed long before its 2^20th entry and ledger ids stay below 2^33.
 * Entry -1 ("before the first entry of this ledger") is the number below entry 0.
 */
export type EntryKey = number;

/** More entries than a ledger may hold: the log starts another ledger before. */
export const LEDGER_SPAN = 2 ** 20;
const MAX_LEDGER_ID = 2 ** 33 - 1;

/** Before every entry: `(-1,-1)` on the wire. */
export const EARLIEST: EntryKey = -LEDGER_SPAN - 1;
/** After every entry: `(2^63-1, 2^63-1)` on the wire. */
export const LATEST: EntryKey = Number.MAX_SAFE_INTEGER;

/** Any pair a client may send: negative ledgers are EARLIEST, absurdly large ones LATEST, entries are clamped into the ledger. */
export function keyOf(ledgerId: number, entryId: number): EntryKey {
  if (ledgerId < 0) return EARLIEST;
  if (ledgerId > MAX_LEDGER_ID) return LATEST;
  return ledgerId * LEDGER_SPAN + Math.max(-1, Math.min(entryId, LEDGER_SPAN - 2));
}

/** The ledger id of a key. */
export function ledgerIdOf(key: EntryKey): number {
  return Math.floor((key + 1) / LEDGER_SPAN);
}

/** The entry id of a key, -1 for "before the first". */
export function entryIdOf(key: EntryKey): number {
  return key - ledgerIdOf(key) * LEDGER_SPAN;
}

/** `ledger:entry`, as the admin REST writes positions. */
export function formatKey(key: EntryKey): string {
  return `${ledgerIdOf(key)}:${entryIdOf(key)}`;
}
