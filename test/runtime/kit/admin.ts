import { randomUUID } from 'node:crypto';
import { createControlPlane } from '../../../src/control-plane/index.ts';
import type { Connector } from '../../../src/core/connector.ts';
import { inspect } from '../../../src/runtime/inspect/inspect.ts';
import { eventOf } from '../../control-plane/requests.ts';
import type { World } from './world.ts';

/** Sends a request of the admin API about a registered connector; throws with the answer unless it succeeds. */
export const ask = async (
  world: World,
  { kind, config }: Connector,
  method: string,
  what: string,
  body?: unknown,
): Promise<unknown> => {
  const admin = createControlPlane({
    ...world.deps,
    newUid: randomUUID,
    workerId: 'w',
    inspect: (request) => inspect(request, world.deps),
    onError: () => undefined,
  });
  const path = `/admin/v3/${kind}s/public/default/${config.name}/${what}`;
  const request = { method, path, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const answer = await admin(eventOf(request), AbortSignal.timeout(60_000));
  if (answer.statusCode >= 300) throw new Error(answer.body);
  return answer.body ? JSON.parse(answer.body) : undefined;
};

/** The connector as it is registered now; registers it first if nobody did. */
export const current = async <C extends Connector>(world: World, connector: C): Promise<C> => {
  const found = await world.deps.registry.get(connector.config);
  if (found) return found.connector as C;
  return (await world.deps.registry.create(connector)).connector as C;
};
