import { type Static, Type } from '@sinclair/typebox';
import type { Problem, SinkForm } from '../../core/connector-type.ts';
import { choice, pulsarKey, secretString, splitList, strictObject } from '../config.ts';

/** Most bytes of a bin's name, and of a set's (Aerospike's "Known limitations"). */
export const MAX_BIN_NAME_BYTES = 15;
const MAX_SET_BYTES = 63;
const MAX_NAMESPACE_BYTES = 31;

const pulsarString = pulsarKey('java.lang.String');

/** Pulsar's `AerospikeSinkConfig`, in its order, then ours. */
export const aerospikeConfig = strictObject({
  seedHosts: Type.String({
    minLength: 1,
    description: 'Comma-separated nodes to ask for the cluster, each `host:port`, or `host` for port 3000.',
    ...pulsarString,
  }),
  keyspace: Type.String({ minLength: 1, description: 'Namespace; it must exist.', ...pulsarString }),
  columnName: Type.String({
    minLength: 1,
    description: "Bin that takes the message's payload, at most 15 bytes. Not used with `mapFields`.",
    ...pulsarString,
  }),
  userName: Type.Optional(Type.String({ description: 'User. It counts together with `password`.', ...pulsarString })),
  password: Type.Optional(secretString({ description: 'Password of `userName`.', ...pulsarString })),
  keySet: Type.Optional(Type.String({ description: 'Set that the records are in. Absent: none.', ...pulsarString })),
  maxConcurrentRequests: Type.Integer({
    minimum: 1,
    maximum: 1_024,
    default: 100,
    description: 'Most writes under way at once.',
    ...pulsarKey('int', '100'),
  }),
  timeoutMs: Type.Integer({
    minimum: 1,
    maximum: 300_000,
    default: 100,
    description: 'Deadline of one write with its repetitions, in milliseconds.',
    ...pulsarKey('int', '100'),
  }),
  retries: Type.Integer({
    minimum: 0,
    default: 1,
    description: 'How often the client repeats a write within `timeoutMs`.',
    ...pulsarKey('int', '1'),
  }),
  columnType: choice(['string', 'bytes'], {
    default: 'string',
    description: 'What `columnName` holds: text, which the payload then must be, or the payload’s bytes as they are.',
  }),
  mapFields: Type.Boolean({
    default: false,
    description:
      'Whether the payload is a JSON object whose fields are the bins: the record then has those and no others.',
  }),
  versionBin: Type.String({
    minLength: 1,
    default: 'pulsar_version',
    description: 'Under EFFECTIVELY_ONCE, the bin that holds the version of each record, at most 15 bytes.',
  }),
  tombstoneTtlMs: Type.Optional(
    Type.Integer({
      minimum: 60_000,
      maximum: 315_360_000_000,
      description:
        'How long the version of a deleted record is kept; an older write that comes later than that is not recognised. The namespace must have an `nsup-period`. Absent: for ever.',
    }),
  ),
});

/** Validated configuration of the aerospike sink. */
export type AerospikeConfig = Static<typeof aerospikeConfig>;

/** A node to ask. */
export interface SeedHost {
  readonly addr: string;
  readonly port: number;
}

/** The nodes of `seedHosts`; undefined when one is not `host` or `host:port`. */
export const seedsOf = (seedHosts: string): SeedHost[] | undefined => {
  const seeds = splitList(seedHosts).map((text) => {
    const [, host, port = '3000'] = /^([\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(text) ?? [];
    return host === undefined || Number(port) > 65_535
      ? undefined
      : { addr: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
  const known = seeds.filter((it) => it !== undefined);
  return known.length > 0 && known.length === seeds.length ? known : undefined;
};

/** The form in which a configuration takes a message's value. */
export const formOf = ({ mapFields, columnType }: AerospikeConfig): SinkForm => {
  if (mapFields) return 'fields';
  return columnType === 'bytes' ? 'bytes' : 'text';
};

/** Cross-field rules of {@link aerospikeConfig}. */
export const checkAerospike = (config: AerospikeConfig): Problem[] => {
  const problems: Problem[] = [];
  const tooLong = (key: 'keyspace' | 'keySet' | 'columnName' | 'versionBin', most: number): void => {
    if (Buffer.byteLength(config[key] ?? '') > most)
      problems.push({ path: `/configs/${key}`, message: `must have at most ${most} bytes` });
  };
  if (seedsOf(config.seedHosts) === undefined)
    problems.push({ path: '/configs/seedHosts', message: 'must be a comma-separated list of host or host:port' });
  tooLong('keyspace', MAX_NAMESPACE_BYTES);
  tooLong('columnName', MAX_BIN_NAME_BYTES);
  tooLong('keySet', MAX_SET_BYTES);
  tooLong('versionBin', MAX_BIN_NAME_BYTES);
  if (config.versionBin === config.columnName)
    problems.push({ path: '/configs/versionBin', message: 'must be another bin than columnName' });
  return problems;
};
