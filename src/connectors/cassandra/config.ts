import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { choice, pulsarKey, secretString, splitList, strictObject } from '../config.ts';

const pulsarString = (help: string) => pulsarKey('java.lang.String', '', { help });

/** Consistency levels for writes, by the driver's names. */
export const CONSISTENCIES = [
  'any',
  'one',
  'two',
  'three',
  'quorum',
  'all',
  'localQuorum',
  'eachQuorum',
  'localOne',
] as const;

/** Pulsar's `CassandraSinkConfig`, in its order, then ours. */
export const cassandraConfig = strictObject({
  roots: Type.String({
    minLength: 1,
    description: 'Comma-separated contact points, each `host` or `host:port`.',
    ...pulsarString('A comma-separated list of cassandra hosts to connect to'),
  }),
  keyspace: Type.String({
    minLength: 1,
    description: 'Keyspace. As in CQL, upper case counts only between double quotes; so with the next three.',
    ...pulsarString('The key space used for writing pulsar messages to'),
  }),
  keyname: Type.String({
    minLength: 1,
    description: "Column that takes the message's key: the only column of the primary key, of type text.",
    ...pulsarString('The key name of the cassandra column family'),
  }),
  columnFamily: Type.String({
    minLength: 1,
    description: 'Table; it must exist.',
    ...pulsarString('The cassandra column family name'),
  }),
  columnName: Type.String({
    minLength: 1,
    description: "Column of type text that takes the message's payload. Not used with `mapFields`.",
    ...pulsarString('The column name of the cassandra column family'),
  }),
  mapFields: Type.Boolean({
    default: false,
    description:
      'Whether the payload is a JSON object whose fields are the columns (CQL `INSERT … JSON`). Columns that it lacks are left as they are; a missing `keyname` is taken from the key.',
  }),
  missingKey: choice(['value', 'reject'], {
    default: 'value',
    description:
      'A message without key: `value` takes the payload as key, as Pulsar does; `reject` rejects it. With `mapFields` the object must then hold the key.',
  }),
  userName: Type.Optional(Type.String({ description: 'User name, where the cluster wants one.' })),
  password: Type.Optional(secretString({ description: 'Password of `userName`.' })),
  localDatacenter: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'Data center whose nodes are written to. Absent: that of the first contact point that answers.',
    }),
  ),
  consistency: choice(CONSISTENCIES, {
    default: 'localQuorum',
    description:
      'How many replicas must have a write before it counts. Below a quorum, an acknowledged message may be lost with a node.',
  }),
  concurrency: Type.Integer({ minimum: 1, maximum: 1_024, default: 64, description: 'Most writes under way at once.' }),
  timeoutMs: Type.Integer({
    minimum: 1,
    maximum: 300_000,
    default: 5_000,
    description: 'Deadline of connecting and of one write, in milliseconds.',
  }),
});

/** Validated configuration of the cassandra sink. */
export type CassandraConfig = Static<typeof cassandraConfig>;

/** A name as CQL means it: lower case unless in double quotes; undefined when it is no name. Without the quotes, as the system tables have it. */
export const cqlName = (text: string): string | undefined => {
  if (/^[A-Za-z]\w{0,47}$/.test(text)) return text.toLowerCase();
  const [, quoted] = /^"((?:[^"]|""){1,100})"$/.exec(text) ?? [];
  return quoted?.replaceAll('""', '"');
};

/** `name` (see {@link cqlName}) as an identifier in CQL. */
export const cqlQuote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Contact points of `roots`, each with a port; undefined when one is not `host` or `host:port`. */
export const contactPoints = (roots: string): string[] | undefined => {
  const points = splitList(roots).map((root) => {
    const [, host, port = '9042'] = /^([\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(root) ?? [];
    return host === undefined || Number(port) > 65_535 ? undefined : `${host}:${port}`;
  });
  const known = points.filter((point) => point !== undefined);
  return known.length > 0 && known.length === points.length ? known : undefined;
};

/** Cross-field rules of {@link cassandraConfig}. */
export const checkCassandra = (config: CassandraConfig): Problem[] => {
  const problems: Problem[] = [];
  for (const key of ['keyspace', 'keyname', 'columnFamily', 'columnName'] as const)
    if (cqlName(config[key]) === undefined)
      problems.push({
        path: `/configs/${key}`,
        message: 'must be a CQL name: letters, digits and _, or anything between double quotes',
      });
  if (contactPoints(config.roots) === undefined)
    problems.push({ path: '/configs/roots', message: 'must be a comma-separated list of host or host:port' });
  if (
    !config.mapFields &&
    cqlName(config.keyname) !== undefined &&
    cqlName(config.keyname) === cqlName(config.columnName)
  )
    problems.push({ path: '/configs/columnName', message: 'must be another column than keyname' });
  if ((config.userName === undefined) !== (config.password === undefined))
    problems.push({ path: '/configs/password', message: 'give userName and password, or neither' });
  return problems;
};
