import { join } from 'node:path';
import { goModule } from './kit/go.ts';
import { startJsonLines } from './kit/json-lines.ts';
import { defineTool } from './kit/service.ts';
import { adminApiOf, type PulsarAdminApi } from './pulsar/admin-api.ts';

/** Pulsar's Go admin client, which `pulsarctl` is made of. */
export interface GoAdminAddress {
  /** Path of a program that calls it. */
  readonly program: string;
}

const prepare = async (): Promise<GoAdminAddress> => ({
  program: await goModule('go-admin', join(import.meta.dirname, 'go-admin')),
});

/** The client as a service that suites can need: it is then built before any test. */
export const goAdmin = defineTool({ name: 'goAdmin', tools: ['go'], prepare });

/** Starts a program that sends every call to `adminUrl`. */
export const startGoAdminApi = async (adminUrl: string, token?: string): Promise<PulsarAdminApi> => {
  const { program } = await prepare();
  return adminApiOf(startJsonLines('the Go admin client', program, [adminUrl, ...(token ? [token] : [])]));
};
