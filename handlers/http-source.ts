import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { createWebhook } from '../src/runtime/webhook.ts';
import { once, wireRuns } from './wiring.ts';

const webhook = once(async () => createWebhook(await wireRuns()));

/** `POST /webhooks/{tenant}/{namespace}/{name}`: a request becomes records of an `http` source. */
export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(
  async (event, _context, { signal }) => (await webhook())(event, signal),
);
