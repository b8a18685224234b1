import { type Static, Type } from '@sinclair/typebox';
import { strictObject } from '../config.ts';

const LSN = '^[0-9A-F]{1,8}/[0-9A-F]{1,8}$';

/**
 * Where the changes of a database were read up to. With `index` 0: every transaction whose commit record lies before `lsn`. Else: so many changes of the transaction that
 * committed at `lsn`, and `part` records of the next one. With `snapshot`: so many rows of its first message behind `lsn`; the changes begin at `start`.
 */
export const lsnPosition = strictObject({
  lsn: Type.String({ pattern: LSN, description: 'Place in the write-ahead log.' }),
  index: Type.Integer({ minimum: 0, description: 'Changes, or rows of a snapshot, that were read behind it.' }),
  part: Type.Optional(Type.Integer({ minimum: 1, description: 'Records of the next change that were read.' })),
  sequence: Type.Integer({ minimum: -1, description: 'How many records lie before, less one.' }),
  snapshot: Type.Optional(Type.String({ minLength: 1, description: 'The snapshot that is being read.' })),
  start: Type.Optional(
    Type.String({ pattern: LSN, description: 'What the snapshot shows: all that committed before.' }),
  ),
});

/** A position of the debezium-postgres source. */
export type LsnPosition = Static<typeof lsnPosition>;

/** A place in the write-ahead log as a number. */
export const parseLsn = (lsn: string): bigint => {
  const [high = '', low = ''] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
};

/** The same as PostgreSQL writes it. */
export const formatLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
