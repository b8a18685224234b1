import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { wireControlPlane } from './wire-control-plane.ts';
import { once } from './wiring.ts';

const controlPlane = once(wireControlPlane);

/** Pulsar's sources and sinks admin API behind API Gateway. */
export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(
  async (event, _context, { signal }) => (await controlPlane())(event, signal),
);
