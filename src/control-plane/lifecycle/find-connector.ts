import { PulsarIoError } from '../../core/errors.ts';
import type { RegisteredConnector } from '../../core/registry.ts';
import { type Call, nameOf } from '../operation.ts';

/** The connector that the path names, of the kind that the path names; one that is being deleted is gone. Throws `PIO_NOT_FOUND`. */
export const findConnector = async (call: Call): Promise<RegisteredConnector> => {
  const registered = await call.deps.registry.get(nameOf(call), call.signal);
  if (registered && !registered.connector.deleting && registered.connector.kind === call.words.kind) return registered;
  throw missing(call);
};

/** Pulsar's text for a name that is unknown or of the other kind. */
export const missing = (call: Call): PulsarIoError =>
  new PulsarIoError('PIO_NOT_FOUND', `${call.words.title} ${nameOf(call).name} doesn't exist`);
