import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { SASLOptions } from '@platformatic/kafka';
import { Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { caCertificate, pulsarKey, secretString, splitList } from '../config.ts';

const STRING = 'java.lang.String';

/** Keys of Pulsar's Kafka connectors about how to reach and trust the cluster, in its order. */
export const securityKeys = {
  bootstrapServers: Type.String({
    minLength: 1,
    description: 'Comma-separated `host:port` of some brokers; the first that answers tells of the others.',
    ...pulsarKey(STRING, '', {
      required: true,
      help: 'A comma-separated list of host and port pairs that are the addresses of the Kafka brokers that a Kafka client connects to initially bootstrap itself',
    }),
  }),
  securityProtocol: Type.Optional(
    Type.String({
      description: '`PLAINTEXT` (default), `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`.',
      ...pulsarKey(STRING, '', { help: 'Protocol used to communicate with Kafka brokers.' }),
    }),
  ),
  saslMechanism: Type.Optional(
    Type.String({
      description: '`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.',
      ...pulsarKey(STRING, '', { help: 'SASL mechanism used for Kafka client connections.' }),
    }),
  ),
  saslJaasConfig: Type.Optional(
    secretString({
      description:
        'User and password as Kafka’s clients write them: `org.apache.kafka.common.security.plain.PlainLoginModule required username="…" password="…";`.',
      ...pulsarKey(STRING, '', {
        help: 'JAAS login context parameters for SASL connections in the format used by JAAS configuration files.',
      }),
    }),
  ),
  sslEnabledProtocols: Type.Optional(
    Type.String({
      description: 'Comma-separated versions of TLS to offer, of `TLSv1.2` and `TLSv1.3`. Absent: both.',
      ...pulsarKey(STRING, '', { help: 'The list of protocols enabled for SSL connections.' }),
    }),
  ),
  sslEndpointIdentificationAlgorithm: Type.Optional(
    Type.String({
      description: '`https` (default): the certificate must name the host; empty: any that is trusted does.',
      ...pulsarKey(STRING, '', {
        help: 'The endpoint identification algorithm to validate server hostname using server certificate.',
      }),
    }),
  ),
  sslTruststoreLocation: Type.Optional(
    Type.String({
      description: 'Refused: a function has no such file. `caCertificate` takes the certificates themselves.',
      ...pulsarKey(STRING, '', { help: 'The location of the trust store file.' }),
    }),
  ),
  sslTruststorePassword: Type.Optional(
    secretString({
      description: 'Accepted and not used: there is no trust store.',
      ...pulsarKey(STRING, '', { help: 'The password for the trust store file.' }),
    }),
  ),
};

/** Our own keys of both. */
export const ownSecurityKeys = {
  caCertificate: caCertificate('the brokers’ certificates'),
  connectTimeoutMs: Type.Integer({
    minimum: 100,
    maximum: 300_000,
    default: 10_000,
    description: 'Deadline of connecting to a broker, in milliseconds.',
  }),
};

/** Properties of Kafka's own clients: a map in which anything may be. */
export type KafkaProperties = Readonly<Record<string, unknown>>;

/** What {@link securityKeys} say, validated by its schema. */
export interface SecurityConfig {
  readonly bootstrapServers: string;
  readonly securityProtocol?: string;
  readonly saslMechanism?: string;
  readonly saslJaasConfig?: string;
  readonly sslEnabledProtocols?: string;
  readonly sslEndpointIdentificationAlgorithm?: string;
  readonly sslTruststoreLocation?: string;
  readonly caCertificate?: string;
  readonly connectTimeoutMs: number;
}

/** How a cluster is reached. */
export interface KafkaAccess {
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  readonly clientId: string;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly tls: TlsOptions | undefined;
  readonly sasl: SASLOptions | undefined;
}

const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'];

/** The keys with those of the properties behind them: a key of the config itself wins, as in Pulsar; empty counts as absent. */
interface Effective {
  readonly protocol: string;
  readonly mechanism: string;
  readonly jaas: string;
  readonly versions: readonly string[];
  readonly identification: string;
  readonly truststore: string;
  readonly ca: string | undefined;
}

const effective = (config: SecurityConfig, properties: KafkaProperties): Effective => {
  const text = (own: string | undefined, name: string): string => own || String(properties[name] ?? '');
  return {
    protocol: text(config.securityProtocol, 'security.protocol') || 'PLAINTEXT',
    mechanism: text(config.saslMechanism, 'sasl.mechanism') || 'GSSAPI',
    jaas: text(config.saslJaasConfig, 'sasl.jaas.config'),
    versions: splitList(text(config.sslEnabledProtocols, 'ssl.enabled.protocols')),
    identification:
      config.sslEndpointIdentificationAlgorithm ??
      String(properties['ssl.endpoint.identification.algorithm'] ?? 'https'),
    truststore: text(config.sslTruststoreLocation, 'ssl.truststore.location'),
    ca: config.caCertificate ?? (text(undefined, 'ssl.truststore.certificates') || undefined),
  };
};

/** Access to the cluster of a checked config. */
export const accessOf = (config: SecurityConfig, properties: KafkaProperties): KafkaAccess => {
  const { protocol, mechanism, jaas, versions, identification, ca } = effective(config, properties);
  const [minVersion, maxVersion] = [versions.toSorted()[0], versions.toSorted().at(-1)] as TlsOptions['minVersion'][];
  const tls: TlsOptions = {
    ...(ca !== undefined && { ca }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
    ...(identification === '' && { checkServerIdentity: () => undefined }),
  };
  return {
    servers: serversOf(config.bootstrapServers) ?? [],
    clientId: String(properties['client.id'] ?? 'pulsar-io-serverless'),
    connectTimeoutMs: config.connectTimeoutMs,
    requestTimeoutMs: Number(properties['request.timeout.ms'] ?? 30_000),
    tls: protocol.endsWith('SSL') ? tls : undefined,
    sasl: protocol.startsWith('SASL')
      ? { mechanism: mechanism as SASLOptions['mechanism'], ...credentialsOf(jaas) }
      : undefined,
  };
};

/** The brokers of `bootstrapServers`; undefined when one is not `host:port`. */
const serversOf = (bootstrapServers: string): KafkaAccess['servers'] | undefined => {
  const servers = splitList(bootstrapServers).map((text) => {
    const [, host, port] = /^(?:[A-Z_]+:\/\/)?([\w.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(text) ?? [];
    return host === undefined || Number(port) > 65_535
      ? undefined
      : { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
  const known = servers.filter((it) => it !== undefined);
  return known.length > 0 && known.length === servers.length ? known : undefined;
};

/** User and password of a JAAS login line; undefined when it has not both. */
const credentialsOf = (jaas: string): { username: string; password: string } | undefined => {
  const value = (name: string): string | undefined => {
    const [, quoted, bare] = new RegExp(`\\b${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s";]+))`).exec(jaas) ?? [];
    return quoted === undefined ? bare : quoted.replaceAll(/\\(.)/g, '$1');
  };
  const [username, password] = [value('username'), value('password')];
  return username === undefined || password === undefined ? undefined : { username, password };
};

/** Cross-field rules of {@link securityKeys}. */
export const securityProblems = (config: SecurityConfig, properties: KafkaProperties): Problem[] => {
  const { protocol, mechanism, jaas, versions, identification, truststore } = effective(config, properties);
  const isSasl = protocol.startsWith('SASL');
  const rules: [boolean, string, string][] = [
    [
      serversOf(config.bootstrapServers) === undefined,
      'bootstrapServers',
      'must be a comma-separated list of host:port',
    ],
    [!PROTOCOLS.includes(protocol), 'securityProtocol', `must be one of ${PROTOCOLS.join(', ')}`],
    [
      isSasl && !MECHANISMS.includes(mechanism),
      'saslMechanism',
      `must be one of ${MECHANISMS.join(', ')}; ${mechanism} is not supported`,
    ],
    [
      isSasl && credentialsOf(jaas) === undefined,
      'saslJaasConfig',
      'must have username="…" and password="…": other login modules are not supported',
    ],
    [
      versions.some((it) => !TLS_VERSIONS.includes(it)),
      'sslEnabledProtocols',
      `must be of ${TLS_VERSIONS.join(' and ')}`,
    ],
    [
      !['', 'https'].includes(identification.toLowerCase()),
      'sslEndpointIdentificationAlgorithm',
      'must be https, or empty',
    ],
    [
      truststore !== '',
      'sslTruststoreLocation',
      'is a file that a function does not have; give the certificates it holds as caCertificate (PEM text)',
    ],
  ];
  return rules.flatMap(([isWrong, key, message]) => (isWrong ? [{ path: `/configs/${key}`, message }] : []));
};

/** Properties that would change what is written or read, or who we are, in ways that are not supported; their reasons. */
const REFUSED: readonly [RegExp, string][] = [
  [/^ssl\.keystore\.|^ssl\.key\./, 'client certificates are not supported'],
  [/^interceptor\.classes$|^partitioner\.class$|\.callback\.handler\.class$/, 'Java classes cannot be loaded'],
  [/^transactional\.id$/, 'transactional ids are the runtime’s own'],
];

/** Every property of the map at `key` that is refused. Others that are not used are accepted, as Kafka's clients accept them. */
export const propertyProblems = (key: string, properties: KafkaProperties): Problem[] =>
  Object.keys(properties).flatMap((name) => {
    const reason = REFUSED.find(([pattern]) => pattern.test(name))?.[1];
    return reason === undefined ? [] : [{ path: `/configs/${key}/${name}`, message: `is refused: ${reason}` }];
  });
