import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Broker } from '../broker.ts';
import { clusterRoutes } from './cluster-routes.ts';
import { namespaceRoutes } from './namespace-routes.ts';
import { adminHandler } from './router.ts';
import { schemaRoutes } from './schema-routes.ts';
import { subscriptionRoutes } from './subscription-routes.ts';
import { topicRoutes } from './topic-routes.ts';

/** The slice of `/admin/v2` and `/lookup/v2` that this broker answers (PULSAR-WIRE 7). */
export function makeAdminHandler(broker: Broker): (request: IncomingMessage, response: ServerResponse) => void {
  return adminHandler(broker, [
    ...clusterRoutes,
    ...namespaceRoutes,
    ...topicRoutes,
    ...subscriptionRoutes,
    ...schemaRoutes,
  ]);
}
