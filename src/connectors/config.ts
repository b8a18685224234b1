import {
  type SchemaOptions,
  type StringOptions,
  type TObject,
  type TProperties,
  type TString,
  type TUnsafe,
  Type,
} from '@sinclair/typebox';
import type { FieldNotes, Problem } from '../core/connector-type.ts';

type PulsarNotes = NonNullable<FieldNotes['pulsar']>;

/** An object that refuses unknown keys: what every connector config is. */
export const strictObject = <P extends TProperties>(properties: P): TObject<P> =>
  Type.Object(properties, { additionalProperties: false });

/** A sensitive string: `secret: true`, so that it is marked in every listing and can come from the connector's `secrets`. */
export const secretString = (options: StringOptions): TString => Type.String({ ...options, secret: true });

/** One of some words. */
export const choice = <const T extends readonly string[]>(values: T, options: SchemaOptions): TUnsafe<T[number]> =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options });

/** Annotation of a key that Pulsar's own connector has (Java type name, default as text); a key without it is an addition of ours. */
export const pulsarKey = (
  type: string,
  defaultValue = '',
  more: Pick<PulsarNotes, 'help' | 'required'> = {},
): { pulsar: PulsarNotes } => ({ pulsar: { type, default: defaultValue, ...more } });

/** Our key for the authorities that a target's certificate is checked against; `whose`: whose certificate that is, `when`: when it is checked. */
export const caCertificate = (whose = 'the server’s certificate', when = '') =>
  Type.Optional(
    Type.String({
      minLength: 1,
      description: `Certificates of the authorities that sign ${whose}, as PEM text${when}. Absent: those that Node trusts.`,
    }),
  );

/** Our keys of a target whose connection is encrypted where it is asked to be. */
export const tlsKeys = {
  tls: Type.Boolean({ default: false, description: 'Whether the connection is encrypted.' }),
  caCertificate: caCertificate(),
};

/** Problems of {@link tlsKeys}. */
export const checkTls = (config: { readonly tls: boolean; readonly caCertificate?: string }): Problem[] =>
  config.caCertificate !== undefined && !config.tls
    ? [{ path: '/configs/tls', message: 'must be true for caCertificate to be used' }]
    : [];

/** Entries of a comma-separated list, as Pulsar's configs have them; blanks around an entry and empty entries are dropped. */
export const splitList = (list: string | undefined): string[] =>
  (list ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** A regular expression that must match the whole text, as Java's `matches()`; undefined when it is not valid. */
export const wholeMatch = (pattern: string): RegExp | undefined => {
  try {
    return new RegExp(`^(?:${pattern})$`, 's');
  } catch {
    return undefined;
  }
};
