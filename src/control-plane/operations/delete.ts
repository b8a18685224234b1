import type { Connector } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { RegisteredConnector } from '../../core/registry.ts';
import { done } from '../http/answers.ts';
import { missing } from '../lifecycle/find-connector.ts';
import { finishDeletion } from '../lifecycle/finish-deletion.ts';
import { type Call, nameOf, type Operation } from '../operation.ts';

/** DELETE `/{tenant}/{namespace}/{name}` (PULSAR-ADMIN-CONTRACT 4.4): marks the connector, then cleans up; repeating it finishes what broke off. */
export const remove: Operation = async (call) => {
  const registered = await call.deps.registry.get(nameOf(call), call.signal);
  if (!registered || registered.connector.kind !== call.words.kind) throw missing(call);
  try {
    await finishDeletion(call, await markDeleting(call, registered));
  } catch (error) {
    if (!(error instanceof PulsarIoError) || error.code !== 'PIO_STORE_CONFLICT') throw error;
    const message = 'Delete request ignored because it is out of date. Please try again.';
    throw new PulsarIoError('PIO_REQUEST_INVALID', message, { cause: error });
  }
  return done();
};

const markDeleting = async ({ deps, signal }: Call, registered: RegisteredConnector): Promise<RegisteredConnector> => {
  if (registered.connector.deleting) return registered;
  const marked: Connector = { ...registered.connector, deleting: true, updatedAtMs: deps.clock.nowMs() };
  return deps.registry.update(registered, marked, signal);
};
