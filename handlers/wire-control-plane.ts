import { randomUUID } from 'node:crypto';
import { catalogue } from '../src/connectors/catalogue.ts';
import { readAccessSettings } from '../src/control-plane/access/settings.ts';
import { type ControlPlane, createControlPlane } from '../src/control-plane/index.ts';
import { systemClock } from '../src/core/clock.ts';
import { lambdaInspector, lambdaInvoker } from '../src/dispatcher/invoke-run.ts';
import { readEnvironment } from './environment.ts';
import { logger, resolveSecret, wirePulsarAdmin, wireQueueTriggers, wireStores } from './wiring.ts';

/** The admin API. */
export const wireControlPlane = async (environment = readEnvironment()): Promise<ControlPlane> => {
  const access = await readAccessSettings(process.env, resolveSecret);
  const stores = await wireStores(environment);
  return createControlPlane({
    ...stores,
    ...wireQueueTriggers(stores, environment),
    ...(access && { access }),
    secretsPath: environment.secretsPath,
    ...wirePulsarAdmin(environment),
    clock: systemClock,
    catalogue,
    newUid: randomUUID,
    workerId: environment.functionPrefix.replace(/-$/, ''),
    invokeRun: lambdaInvoker(environment),
    inspect: lambdaInspector(environment),
    onError: (error) => logger.error('admin request failed', error as Error),
  });
};
