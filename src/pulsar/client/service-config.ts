import { PulsarError } from '../errors.ts';
import { type Authentication, noAuthentication } from '../network/authentication.ts';
import type { PulsarService } from '../network/connection-pool.ts';
import type { TlsSettings } from '../network/open-socket.ts';
import { parseServiceLocation } from '../network/service-url.ts';
import { flagOption, textOption } from './option-values.ts';

/** A cluster: its service URL, or that with what differs there from the client's options. */
export type ServiceInfo =
  | string
  | {
      serviceUrl: string;
      authentication?: Authentication;
      tlsTrustCertsFilePath?: string;
    };

/** Clusters to go to in turn. Checks are TCP connections to the service URL's hosts. */
export interface AutoClusterFailoverConfig {
  primary: ServiceInfo;
  secondary: ServiceInfo[];
  /** Default 5000. */
  checkIntervalMs?: number;
  /** Failed checks in a row before a cluster is left. Default 1. */
  failoverThreshold?: number;
  /** Checks in a row in which the primary answers before the client goes back. Default 1. */
  switchBackThreshold?: number;
}

/** The options of a client that say where it goes and who it is. */
export interface ServiceConfig {
  serviceUrl?: string;
  serviceUrlProvider?: AutoClusterFailoverConfig;
  authentication?: Authentication;
  tlsTrustCertsFilePath?: string;
  tlsCertificateFilePath?: string;
  tlsPrivateKeyFilePath?: string;
  /** Default false, as in npm `pulsar-client`: set it to true. */
  tlsValidateHostname?: boolean;
  tlsAllowInsecureConnection?: boolean;
}

/** The services of a client, the first to be used first; more than one with numbers for going over. */
export interface ServiceSettings {
  readonly services: readonly [PulsarService, ...PulsarService[]];
  readonly checkIntervalMs: number;
  readonly failoverThreshold: number;
  readonly switchBackThreshold: number;
}

const PROVIDER = 'serviceUrlProvider';

function invalid(message: string): PulsarError {
  return new PulsarError('InvalidConfiguration', message);
}

function isAuthentication(value: unknown): value is Authentication {
  const given = value as Partial<Authentication> | null;
  return typeof given?.methodName === 'string' && typeof given.credentials === 'function';
}

function checkAuthentication(value: unknown): Authentication {
  if (value === undefined || value === null) return noAuthentication;
  if (isAuthentication(value)) return value;
  throw invalid('authentication must be an object of one of the Authentication classes of this package');
}

function tlsSettings(config: ServiceConfig): TlsSettings {
  return {
    trustCertsFilePath: textOption(config.tlsTrustCertsFilePath),
    certificateFilePath: textOption(config.tlsCertificateFilePath),
    privateKeyFilePath: textOption(config.tlsPrivateKeyFilePath),
    validateHostname: flagOption(config.tlsValidateHostname, false),
    allowInsecureConnection: flagOption(config.tlsAllowInsecureConnection, false),
  };
}

function withUrl(service: PulsarService): PulsarService {
  parseServiceLocation(service.serviceUrl);
  return service;
}

function readService(value: unknown, field: string, client: Omit<PulsarService, 'serviceUrl'>): PulsarService {
  if (typeof value === 'string') {
    if (value === '') throw invalid(`${field} service URL must be a non-empty string`);
    return withUrl({ ...client, serviceUrl: value });
  }
  if (typeof value !== 'object' || value === null) {
    throw invalid(`${field} must be a service URL string or service info object`);
  }
  const { serviceUrl, authentication, tlsTrustCertsFilePath } = value as Record<string, unknown>;
  if (typeof serviceUrl !== 'string' || serviceUrl === '') {
    throw invalid(`${field}.serviceUrl is required and must be a non-empty string`);
  }
  const hasOwn = authentication !== undefined && authentication !== null;
  if (hasOwn && !isAuthentication(authentication)) {
    throw invalid(`${field}.authentication must be a Pulsar authentication object`);
  }
  const trust = tlsTrustCertsFilePath ?? undefined;
  if (trust !== undefined && typeof trust !== 'string')
    throw invalid(`${field}.tlsTrustCertsFilePath must be a string`);
  return withUrl({
    serviceUrl,
    authentication: hasOwn ? (authentication as Authentication) : client.authentication,
    tls: trust === undefined ? client.tls : { ...client.tls, trustCertsFilePath: trust },
  });
}

function positive(value: unknown, name: string, fallback: number): number {
  if (value === undefined || value === null) return fallback;
  const whole = typeof value === 'number' ? Math.trunc(value) : 0;
  if (whole > 0 && whole < 2 ** 32) return whole;
  throw invalid(`${PROVIDER}.${name} must be a positive number`);
}

function readProvider(provider: unknown, client: Omit<PulsarService, 'serviceUrl'>): ServiceSettings {
  if (typeof provider !== 'object') throw invalid(`${PROVIDER} must be an object`);
  const { primary, secondary, ...rest } = provider as Partial<AutoClusterFailoverConfig>;
  if (primary === undefined || primary === null) throw invalid(`${PROVIDER}.primary is required`);
  const first = readService(primary, `${PROVIDER}.primary`, client);
  if (!Array.isArray(secondary)) throw invalid(`${PROVIDER}.secondary is required and must be an array`);
  if (secondary.length === 0) throw invalid(`${PROVIDER}.secondary must contain at least one service`);
  return {
    services: [first, ...secondary.map((one, i) => readService(one, `${PROVIDER}.secondary[${i}]`, client))],
    checkIntervalMs: positive(rest.checkIntervalMs, 'checkIntervalMs', 5000),
    failoverThreshold: positive(rest.failoverThreshold, 'failoverThreshold', 1),
    switchBackThreshold: positive(rest.switchBackThreshold, 'switchBackThreshold', 1),
  };
}

/** Reads where a client goes. Throws `PulsarError` InvalidConfiguration or InvalidUrl with the texts of npm `pulsar-client` (PULSAR-WIRE 8.2). */
export function readServiceConfig(config: ServiceConfig): ServiceSettings {
  const { serviceUrl, serviceUrlProvider } = config ?? {};
  const [hasUrl, hasProvider] = [serviceUrl, serviceUrlProvider].map((value) => value !== undefined && value !== null);
  if (hasUrl && hasProvider) throw invalid('Only one of serviceUrl or serviceUrlProvider can be configured');
  const required = 'Service URL is required and must be specified as a string';
  if (!hasUrl && !hasProvider) throw invalid(`${required} unless serviceUrlProvider is configured`);
  if (hasUrl && (typeof serviceUrl !== 'string' || serviceUrl === '')) throw invalid(required);
  const client = { authentication: checkAuthentication(config.authentication), tls: tlsSettings(config) };
  if (hasProvider) return readProvider(serviceUrlProvider, client);
  const only = withUrl({ ...client, serviceUrl: serviceUrl as string });
  return { services: [only], checkIntervalMs: 5000, failoverThreshold: 1, switchBackThreshold: 1 };
}
