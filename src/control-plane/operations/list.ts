import { json } from '../http/answers.ts';
import { nameOf, type Operation } from '../operation.ts';

/** GET `/{tenant}/{namespace}`: names of that kind; an unknown tenant or namespace has none (PULSAR-ADMIN-CONTRACT 4.5). */
export const list: Operation = async (call) => {
  const { tenant, namespace } = nameOf(call);
  const connectors = await call.deps.registry.list(tenant, namespace, call.signal);
  const shown = connectors.filter(({ kind, deleting }) => kind === call.words.kind && !deleting);
  return json(shown.map(({ config }) => config.name));
};
