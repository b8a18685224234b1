import { PulsarIoError } from '../../core/errors.ts';
import { postgresCode } from '../jdbc/postgres/errors.ts';

/** SQLSTATE of an error of the server; undefined for any other. */
export const stateOf = (error: unknown): string | undefined => {
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown };
  return severity !== undefined && typeof code === 'string' ? code : undefined;
};

/** The slot is read by somebody. */
export const isInUse = (error: unknown): boolean => stateOf(error) === '55006';

/** The slot is gone (`undefined_object`), or the log that it needs (`object_not_in_prerequisite_state`, `undefined_file`). */
const isGone = (error: unknown): boolean =>
  ['42704', '55000', '58P01'].includes(stateOf(error) ?? '') && /slot|segment/.test(String(error));

const textOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(textOf).join('; ');
  return error instanceof Error ? error.message : String(error);
};

/** An error of `pg` as ours. */
export const sourceError = (error: unknown, doing: string): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  const text = `${doing}: ${textOf(error)}`;
  if (isGone(error)) return changed(text);
  const isOperators = postgresCode(error) === 'PIO_SINK_MISCONFIGURED';
  return new PulsarIoError(isOperators ? 'PIO_SOURCE_MISCONFIGURED' : 'PIO_SOURCE_UNAVAILABLE', text, { cause: error });
};

/** The error of a log that no longer holds what follows the position; `what` says how that is known. */
export const changed = (what: string): PulsarIoError =>
  new PulsarIoError(
    'PIO_SOURCE_CHANGED',
    `${what}. Changes may be lost: reset the positions of this source, which takes a new snapshot, or PUT a position to go on from`,
  );
