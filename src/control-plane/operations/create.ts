import type { Connector } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { refusePackages } from '../config/package-choice.ts';
import { readDraft } from '../config/read-config.ts';
import { settleConfig } from '../config/settle-config.ts';
import { done } from '../http/answers.ts';
import { readForm } from '../http/multipart.ts';
import { readFlag } from '../http/query.ts';
import { createSubscriptions } from '../lifecycle/create-subscriptions.ts';
import { finishDeletion } from '../lifecycle/finish-deletion.ts';
import { checkNamespace, newConnector } from '../lifecycle/new-connector.ts';
import { instancesOf, startRuns } from '../lifecycle/start-runs.ts';
import { type Call, nameOf, type Operation } from '../operation.ts';

/** POST `/{tenant}/{namespace}/{name}` (PULSAR-ADMIN-CONTRACT 1.4). Ours: `?stopped=true` creates it with every instance stopped. */
export const create: Operation = async (call) => {
  const { deps, words, request } = call;
  const isStopped = readFlag(request, 'stopped');
  const form = await readForm(request);
  const draft = readDraft(form, words);
  await checkNamespace(call);
  await checkNameIsFree(call);
  refusePackages(deps.catalogue, words, draft, form);
  const { type, config } = await settleConfig(call, draft, `${words.title} package is not provided`);
  const connector = newConnector(call, type.name, config, isStopped);
  await deps.queueTriggers?.claim(connector, call.signal);
  await register(call, connector);
  await deps.queueTriggers?.apply(connector, call.signal);
  if (connector.kind === 'sink') await createSubscriptions(call, connector);
  await startRuns(call, connector, instancesOf(connector));
  return done();
};

const checkNameIsFree = async (call: Call): Promise<void> => {
  const registered = await call.deps.registry.get(nameOf(call), call.signal);
  if (registered && !registered.connector.deleting) throw taken(call);
  if (registered) await finishDeletion(call, registered);
};

const register = async (call: Call, connector: Connector): Promise<void> => {
  try {
    await call.deps.registry.create(connector, call.signal);
  } catch (error) {
    throw error instanceof PulsarIoError && error.code === 'PIO_STORE_CONFLICT' ? taken(call) : error;
  }
};

/** Functions, sources and sinks share one name space; Pulsar's word is the kind that is being created. */
const taken = (call: Call): PulsarIoError =>
  new PulsarIoError('PIO_REQUEST_INVALID', `${call.words.title} ${nameOf(call).name} already exists`);
