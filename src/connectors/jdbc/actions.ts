import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import type { JdbcKeys } from './keys.ts';

/** What a record does to the table: Pulsar's words, in `insertMode` and in the message property `ACTION`. */
export type Action = JdbcKeys['insertMode'];

/** The fields of a message. */
export type Fields = Readonly<Record<string, unknown>>;

interface Named {
  readonly name: string;
}

const ACTIONS: readonly string[] = ['INSERT', 'UPSERT', 'UPDATE', 'DELETE'] satisfies Action[];

const rejected = (what: string): PulsarIoError => new PulsarIoError('PIO_SINK_REJECTED', what);

/** What the record does, a message without payload too. Throws `PIO_SINK_REJECTED` when it says something that cannot be done. */
export const actionOf = (
  { properties, value, key }: SinkRecord,
  { insertMode, nullValueAction }: JdbcKeys,
  hasKeys: boolean,
): Action => {
  if (value === null) {
    if (nullValueAction !== 'DELETE') throw rejected('the message has no payload, and nullValueAction is FAIL');
    if (key === undefined) throw rejected('the message has neither payload nor key: no row is named');
    return 'DELETE';
  }
  const action = properties.ACTION;
  if (action === undefined) return insertMode;
  if (!ACTIONS.includes(action)) throw rejected(`the message property ACTION must be one of ${ACTIONS.join(', ')}`);
  if (action !== 'INSERT' && !hasKeys)
    throw rejected(`the message property ACTION is ${action}, but the configuration names no key columns`);
  return action as Action;
};

/**
 * The fields that `action` takes its values from: those of the payload, or of the key when there is none. Throws `PIO_RECORD_UNREADABLE` when there are no fields,
 * `PIO_SINK_REJECTED` when they do not name the row that is meant.
 */
export const fieldsOf = ({ value, key }: SinkRecord, action: Action, keys: readonly Named[]): Fields => {
  if (value === null) return keyFields(key ?? '', keys);
  if (typeof value !== 'object' || Array.isArray(value))
    throw new PulsarIoError(
      'PIO_RECORD_UNREADABLE',
      'the message is no JSON object, whose fields would be the columns',
    );
  if (action === 'UPDATE' || action === 'DELETE') requireKeys(value as Fields, keys);
  return value as Fields;
};

/** The field of that name; undefined when there is none, also when the prototype has one. */
export const fieldOf = (fields: Fields, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;

const requireKeys = (fields: Fields, keys: readonly Named[]): void => {
  const missing = keys.find(({ name }) => (fieldOf(fields, name) ?? null) === null);
  if (missing) throw rejected(`the message has no value for the key column ${missing.name}: no row is named`);
};

/** Values of the key columns in a message key: the fields of a JSON object; for one column also the key itself. */
const keyFields = (key: string, keys: readonly Named[]): Fields => {
  const fields = key.startsWith('{') ? objectOf(key) : undefined;
  const [only] = keys;
  if (only && keys.length === 1) return fields && Object.hasOwn(fields, only.name) ? fields : { [only.name]: key };
  const missing = keys.find(({ name }) => fields === undefined || !Object.hasOwn(fields, name));
  if (missing)
    throw rejected(`the key of a message without payload must be a JSON object with the field ${missing.name}`);
  return fields as Fields;
};

const objectOf = (text: string): Fields | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
};
