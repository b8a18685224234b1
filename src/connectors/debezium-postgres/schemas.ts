import type { SchemaDefinition } from '../../core/schema/definition.ts';
import { keyValueDefinition } from '../../core/schema/key-value.ts';
import { type DebeziumPostgresConfig, serverName } from './config.ts';
import type { Table } from './tables.ts';
import type { PgType } from './values.ts';

type Avro = string | object;

const optional = (type: Avro) => ({ type: ['null', type], default: null });

const decimal = ({ modifier }: PgType, mode: DebeziumPostgresConfig['decimal.handling.mode'], name: string): Avro => {
  if (mode !== 'precise') return mode;
  if (modifier >= 0) {
    const [precision, scale] = [((modifier - 4) >> 16) & 0xffff, (modifier - 4) & 0xffff];
    return { type: 'bytes', logicalType: 'decimal', precision, scale };
  }
  const fields = [
    { name: 'scale', type: 'int' },
    { name: 'value', type: 'bytes' },
  ];
  return { type: 'record', name: `${name}_decimal`, fields };
};

const point = (name: string): Avro => ({
  type: 'record',
  name: `${name}_point`,
  fields: [
    { name: 'x', type: 'double' },
    { name: 'y', type: 'double' },
    { name: 'wkb', ...optional('bytes') },
    { name: 'srid', ...optional('int') },
  ],
});

/** By number of a type of PostgreSQL's own catalogue, as `values.ts` writes it; any other is text. */
const avroOf = (type: PgType, config: DebeziumPostgresConfig, name: string): Avro => {
  const { element, oid, modifier } = type;
  if (element) return { type: 'array', items: ['null', avroOf(element, config, name)] };
  const isAdaptive = config['time.precision.mode'] === 'adaptive';
  const isConnect = config['time.precision.mode'] === 'connect';
  switch (oid) {
    case 16:
      return 'boolean';
    case 17:
      return config['binary.handling.mode'] === 'bytes' ? 'bytes' : 'string';
    case 21:
    case 23:
    case 1082:
      return 'int';
    case 20:
    case 26:
    case 1114:
      return 'long';
    case 700:
      return 'float';
    case 701:
      return 'double';
    case 600:
      return point(name);
    case 790:
      return decimal({ ...type, modifier: (19 << 16) + 2 + 4 }, config['decimal.handling.mode'], name);
    case 1083:
      return isConnect || (isAdaptive && modifier >= 0 && modifier <= 3) ? 'int' : 'long';
    case 1186:
      return config['interval.handling.mode'] === 'numeric' ? 'long' : 'string';
    case 1560:
    case 1562:
      return modifier === 1 ? 'boolean' : 'bytes';
    case 1700:
      return decimal(type, config['decimal.handling.mode'], name);
    default:
      return 'string';
  }
};

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const nameOf = (text: string): string => text.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');

const SOURCE = {
  type: 'record',
  name: 'Source',
  namespace: 'io.debezium.connector.postgresql',
  fields: [
    ...['version', 'connector', 'name'].map((name) => ({ name, type: 'string' })),
    { name: 'ts_ms', type: 'long' },
    { name: 'snapshot', ...optional('string') },
    ...['db', 'schema', 'table'].map((name) => ({ name, type: 'string' })),
    ...['txId', 'lsn', 'xmin'].map((name) => ({ name, ...optional('long') })),
  ],
};

const jsonSchema = (definition: { readonly name: string }): SchemaDefinition => ({
  type: 'Json',
  name: definition.name,
  data: Buffer.from(JSON.stringify(definition)),
  properties: {},
});

/**
 * What the records of a table are, as Pulsar's connector registers it: a KeyValue of JSON schemas, key and value separated; without a key, the value's alone. Columns whose
 * names Avro cannot have are left out of it.
 */
export const schemaOf = (table: Table, config: DebeziumPostgresConfig): SchemaDefinition => {
  const namespace = [serverName(config), table.schema, table.name].map(nameOf).join('.');
  const named = table.columns.filter(({ name }) => NAME.test(name));
  const fieldOf = ({ name, type }: (typeof named)[number]) => ({ name, type: avroOf(type, config, nameOf(name)) });
  const row = { type: 'record', name: 'Value', namespace };
  const fields = named.filter(({ isTaken }) => isTaken).map((it) => ({ name: it.name, ...optional(fieldOf(it).type) }));
  const envelope = {
    type: 'record',
    name: 'Envelope',
    namespace,
    fields: [
      { name: 'before', ...optional({ ...row, fields }) },
      { name: 'after', ...optional('Value') },
      { name: 'source', type: SOURCE },
      { name: 'op', type: 'string' },
      { name: 'ts_ms', ...optional('long') },
      { name: 'transaction', ...optional('string') },
    ],
  };
  const keys = named.filter(({ isKey }) => isKey).map(fieldOf);
  if (!table.columns.some(({ isKey }) => isKey)) return jsonSchema(envelope);
  const key = { type: 'record', name: 'Key', namespace, fields: keys };
  return keyValueDefinition({ key: jsonSchema(key), value: jsonSchema(envelope), encoding: 'SEPARATED' });
};
