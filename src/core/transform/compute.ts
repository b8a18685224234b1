import { compileExpression, type Expression } from './expression.ts';
import { isFields, refuseOthers, textSetting } from './settings.ts';
import { type MakeStep, scopeOf, type TransformRecord } from './transform.ts';
import { asText, asTimestamp, CAST_TYPES, castTo } from './values.ts';

/** Puts a computed value where a field's name says. */
type Put = (record: TransformRecord, value: unknown) => TransformRecord;

const orUndefined = <T>(value: unknown, convert: (value: unknown) => T): T | undefined =>
  value === null || value === undefined ? undefined : convert(value);

const HEADERS: Readonly<Record<string, Put>> = {
  messageKey: (record, value) => ({ ...record, messageKey: orUndefined(value, asText) }),
  eventTime: (record, value) => ({ ...record, eventTimeMs: orUndefined(value, asTimestamp) }),
  value: (record, value) => ({ ...record, value }),
  destinationTopic: (record, value) => ({ ...record, destinationTopic: orUndefined(value, asText) }),
};

const putProperty =
  (name: string): Put =>
  (record, value) => {
    const { [name]: _, ...others } = record.properties;
    return { ...record, properties: value === null ? others : { ...others, [name]: asText(value) } };
  };

const putField =
  (part: 'key' | 'value', name: string): Put =>
  (record, value) => {
    const of = record[part];
    return isFields(of) ? { ...record, [part]: { ...of, [name]: value } } : record;
  };

const putOf = (name: string): Put => {
  if (Object.hasOwn(HEADERS, name)) return HEADERS[name] as Put;
  const [, part = '', field = ''] = /^(value|key|properties)\.(.+)$/s.exec(name) ?? [];
  if (part === 'properties') return putProperty(field);
  if (part === 'value' || part === 'key') return putField(part, field);
  throw new TypeError(
    `name ${JSON.stringify(name)} must be value.…, key.…, value, messageKey, eventTime, destinationTopic or properties.…`,
  );
};

interface Field {
  readonly put: Put;
  readonly expression: Expression;
  readonly type: string | undefined;
}

const fieldOf = (given: unknown): Field => {
  const { name, expression, type, optional: _, ...others } = (given ?? {}) as Record<string, unknown>;
  refuseOthers(others, 'name, expression, type, optional');
  if (type !== undefined && !CAST_TYPES.includes(type as string))
    throw new TypeError(`type must be one of ${CAST_TYPES.join(', ')}`);
  const put = putOf(textSetting(name, 'name'));
  try {
    return { put, expression: compileExpression(textSetting(expression, 'expression')), type: type as string };
  } catch (error) {
    throw new TypeError(`the expression of ${name}: ${(error as Error).message}`);
  }
};

/** `compute`: each field's expression sees what those before it have put; a tombstone gets no fields. */
export const compute: MakeStep = ({ fields, ...others }) => {
  refuseOthers(others, 'fields, when');
  if (!Array.isArray(fields) || fields.length === 0)
    throw new TypeError('fields must be a list of {"name", "expression", "type"}');
  const all = fields.map(fieldOf);
  return (record) => {
    let current = record;
    for (const { put, expression, type } of all) {
      const value = expression(scopeOf(current));
      current = put(current, type === undefined ? value : castTo(type, value));
    }
    return current;
  };
};
