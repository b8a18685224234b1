import type { ConnectionOptions, SecureVersion } from 'node:tls';
import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { pulsarKey, splitList } from '../config.ts';

const JAVA_STORE = 'Must be empty: Java key stores cannot be read. Instead: ';

/** Pulsar's `ElasticSearchSslConfig`. */
export const sslConfig = Type.Object(
  {
    enabled: Type.Boolean({ default: false }),
    provider: Type.String({ default: '' }),
    hostnameVerification: Type.Boolean({ default: true }),
    disableCertificateValidation: Type.Boolean({ default: false }),
    truststorePath: Type.String({ default: '', description: `${JAVA_STORE}caCertificate.` }),
    truststorePassword: Type.String({ default: '' }),
    keystorePath: Type.String({ default: '', description: `${JAVA_STORE}clientCertificate and clientKey.` }),
    keystorePassword: Type.String({ default: '' }),
    cipherSuites: Type.String({ default: '' }),
    protocols: Type.String({ default: 'TLSv1.2' }),
  },
  {
    additionalProperties: false,
    default: {},
    ...pulsarKey('org.apache.pulsar.io.elasticsearch.ElasticSearchSslConfig'),
    description:
      'TLS: `enabled`, `hostnameVerification`, `disableCertificateValidation`, `protocols`. Key stores of Java and its names of cipher suites are refused.',
  },
);

type Ssl = Static<typeof sslConfig>;

const VERSIONS: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3'];

const versionsOf = ({ protocols }: Ssl): SecureVersion[] =>
  VERSIONS.filter((version) => splitList(protocols).includes(version));

/** What of `ssl` cannot be done here. */
export const checkSsl = (ssl: Ssl): Problem[] => {
  const problem = (name: keyof Ssl, message: string): Problem => ({ path: `/configs/ssl/${name}`, message });
  const stores = (['truststorePath', 'truststorePassword', 'keystorePath', 'keystorePassword'] as const)
    .filter((name) => ssl[name] !== '')
    .map((name) =>
      problem(
        name,
        'must be empty: key stores of Java cannot be read; give caCertificate, clientCertificate, clientKey',
      ),
    );
  const suites =
    ssl.cipherSuites === '' ? [] : [problem('cipherSuites', 'must be empty: Java names of suites are not known here')];
  const isKnown = versionsOf(ssl).length === splitList(ssl.protocols).length && versionsOf(ssl).length > 0;
  return [...stores, ...suites, ...(isKnown ? [] : [problem('protocols', `must be of ${VERSIONS.join(', ')}`)])];
};

/** Options of Node's TLS. Without `ssl.enabled` an https address is verified as Node does it. */
export const tlsOptions = (
  ssl: Ssl,
  { ca, cert, key }: { readonly ca?: string; readonly cert?: string; readonly key?: string },
): ConnectionOptions => {
  const versions = versionsOf(ssl);
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(ssl.enabled && {
      minVersion: versions[0] as SecureVersion,
      maxVersion: versions.at(-1) as SecureVersion,
      rejectUnauthorized: !ssl.disableCertificateValidation,
      ...(!ssl.hostnameVerification && { checkServerIdentity: () => undefined }),
    }),
  };
};
