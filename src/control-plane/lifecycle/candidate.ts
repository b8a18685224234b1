import type { Connector } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { CommonDraft } from '../config/drafts.ts';
import { kindRulesOf } from '../config/kind-rules.ts';
import { refusePackages } from '../config/package-choice.ts';
import { readDraft } from '../config/read-config.ts';
import { settleConfig } from '../config/settle-config.ts';
import { type Form, readForm } from '../http/multipart.ts';
import { type Call, nameOf } from '../operation.ts';
import { missing } from './find-connector.ts';
import { checkNamespace, newConnector } from './new-connector.ts';

/** A connector that may not exist yet; or why it could not be stored: what is wrong with it, or that Pulsar did not tell. */
export type Candidate = Connector | PulsarIoError;

/**
 * What create would make of the request's form; for a name that exists, what an update with it would, or without a form the connector as it is. Stores nothing.
 * Throws `PIO_NOT_FOUND` without form and connector, and for a request that is none.
 */
export const findCandidate = async (call: Call): Promise<Candidate> => {
  const form = await readForm(call.request);
  const registered = (await call.deps.registry.get(nameOf(call), call.signal))?.connector;
  const stored = registered && !registered.deleting && registered.kind === call.words.kind ? registered : undefined;
  if (form.size === 0 && !stored) throw missing(call);
  const draft = form.size > 0 ? readDraft(form, call.words) : {};
  try {
    return await (stored ? changed(call, stored, draft, form) : made(call, draft, form));
  } catch (error) {
    if (error instanceof PulsarIoError && (error.httpStatus === 400 || isPulsars(error))) return error;
    throw error;
  }
};

/** Whether it is Pulsar's admin API that is away, or refuses the deployment's token. */
export const isPulsars = ({ code }: PulsarIoError): boolean =>
  code === 'PIO_PULSAR_UNAVAILABLE' || code === 'PIO_PULSAR_REFUSED';

const made = async (call: Call, draft: CommonDraft, form: Form): Promise<Connector> => {
  const { deps, words } = call;
  await checkNamespace(call);
  refusePackages(deps.catalogue, words, draft, form);
  const { type, config } = await settleConfig(call, draft, `${words.title} package is not provided`);
  return newConnector(call, type.name, config, true);
};

const changed = async (call: Call, stored: Connector, draft: CommonDraft, form: Form): Promise<Connector> => {
  const { deps, words } = call;
  refusePackages(deps.catalogue, words, draft, form);
  const merged = kindRulesOf(words.kind).merge(stored.config, draft);
  const missingPackage = `${words.title} Package is not provided`;
  const { type, config } = await settleConfig(call, merged, missingPackage, stored.config);
  return { ...stored, type: type.name, config } as Connector;
};
