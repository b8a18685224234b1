import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { catalogue } from '../src/connectors/catalogue.ts';
import { systemClock } from '../src/core/clock.ts';
import type { OpenSession } from '../src/core/messaging.ts';
import type { PulsarAdmin } from '../src/core/pulsar-admin.ts';
import { readSecretUrl } from '../src/core/secret-reference.ts';
import { GUARANTEE_KEEPERS } from '../src/delivery/pipeline.ts';
import type { DispatcherDeps } from '../src/dispatcher/dispatch.ts';
import { lambdaEventMappings } from '../src/dispatcher/event-mappings.ts';
import { lambdaInvoker } from '../src/dispatcher/invoke-run.ts';
import { queueTriggers } from '../src/dispatcher/queue-triggers.ts';
import { createPulsarAdmin } from '../src/pulsar/admin/index.ts';
import { loadNative } from '../src/pulsar/native/load-native.ts';
import { openNativeSession } from '../src/pulsar/native/native-session.ts';
import { AuthenticationToken, openSession } from '../src/pulsar/session.ts';
import { Leftovers } from '../src/runtime/leftovers.ts';
import type { RunDeps } from '../src/runtime/run-deps.ts';
import { secretResolver } from '../src/secrets/resolver.ts';
import { checkpointStore } from '../src/stores/checkpoints.ts';
import { inboxStore } from '../src/stores/inbox.ts';
import { leaseStore } from '../src/stores/leases.ts';
import { openItemStore } from '../src/stores/open.ts';
import { registry } from '../src/stores/registry.ts';
import { triggerStore } from '../src/stores/triggers.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { NATIVE_GUARANTEES } from './native-guarantees.ts';

/** What functions log through, as JSON. */
export const logger = new Logger({ serviceName: 'pulsar-io' });

const log: RunDeps['log'] = {
  debug: (message, fields = {}) => logger.debug(message, fields),
  info: (message, fields = {}) => logger.info(message, fields),
  warn: (message, fields = {}) => logger.warn(message, fields),
  error: (message, fields = {}) => logger.error(message, fields),
};

/** The stores of this deployment. */
export const wireStores = async ({ storeUrl, runSettings }: Environment) => {
  const items = await openItemStore(storeUrl);
  return {
    registry: registry(items),
    leases: leaseStore(items, { clock: systemClock, ttlMs: runSettings.leaseTtlMs, maxSkewMs: runSettings.maxSkewMs }),
    checkpoints: checkpointStore(items),
    inbox: inboxStore(items),
    triggers: triggerStore(items),
  };
};

/** Lambda's event source mappings of this deployment's queues. */
export const wireQueueTriggers = (stores: Awaited<ReturnType<typeof wireStores>>, environment: Environment) => ({
  queueTriggers: queueTriggers({
    ...stores,
    catalogue,
    mappings: lambdaEventMappings(environment),
    note: (error) => logger.warn('the event source mapping is left for the next tick', error),
  }),
});

/** Secrets by reference, kept for a while. */
export const resolveSecret = secretResolver({ clock: systemClock, env: process.env });

/** Asked for every connection, so that a rotated token takes effect. */
const tokenOf = ({ pulsarToken = '' }: Environment): { token?: () => Promise<string> } => {
  const reference = readSecretUrl(pulsarToken);
  const token = async () => (reference ? resolveSecret(reference) : pulsarToken);
  return pulsarToken ? { token } : {};
};

/** Pulsar's admin API, where this deployment has its address. */
export const wirePulsarAdmin = (environment: Environment): { pulsar?: PulsarAdmin } =>
  environment.pulsarAdminUrl
    ? { pulsar: createPulsarAdmin({ url: environment.pulsarAdminUrl, ...tokenOf(environment) }) }
    : {};

const wireSessions = (environment: Environment): OpenSession => {
  const { token } = tokenOf(environment);
  const { pulsarServiceUrl: serviceUrl } = environment;
  if (environment.pulsarClient === 'native') {
    return async (signal) => openNativeSession(await loadNative(), { serviceUrl, token }, signal);
  }
  return (signal) =>
    openSession({
      serviceUrl,
      ...(token && { authentication: new AuthenticationToken({ token }) }),
      ...(signal && { signal }),
    });
};

/** What the runner functions work with. */
export const wireRuns = async (environment = readEnvironment()): Promise<RunDeps> => ({
  ...(await wireStores(environment)),
  ...wirePulsarAdmin(environment),
  clock: systemClock,
  catalogue,
  openSession: wireSessions(environment),
  invokeRun: lambdaInvoker(environment),
  guarantees: environment.pulsarClient === 'native' ? NATIVE_GUARANTEES : GUARANTEE_KEEPERS,
  settings: environment.runSettings,
  log,
  fetch,
  resolveSecret,
  newRunId: randomUUID,
  random: Math.random,
  leftovers: new Leftovers(),
});

/** What the dispatcher function works with. */
export const wireDispatcher = async (environment = readEnvironment()): Promise<DispatcherDeps> => {
  const stores = await wireStores(environment);
  return {
    ...stores,
    ...wireQueueTriggers(stores, environment),
    ...wirePulsarAdmin(environment),
    clock: systemClock,
    catalogue,
    maxSkewMs: environment.runSettings.maxSkewMs,
    invokeRun: lambdaInvoker(environment),
    log,
  };
};

/** A value made with the first call and kept for the life of the sandbox; a failure is not kept. */
export const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
};
